"""What the report says of a world (`worlds`) beside what is true there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from worlds import make_world

from cvmlab.case import Case, study
from cvmlab.data import reading
from cvmlab.worth.buying import PurchaseModel, fit_family


class Judged(NamedTuple):
    """Revenue: expected over actual, and sums of absolute errors over actual; Brier scores of P(alive); the call list.

    The best member is that of the family whose Brier score is smallest, as only the truth can tell. ``gone`` is the
    share of the customers called who have left, ``lost`` the yearly money of those who do not buy in the year after,
    ``stake`` with ``low`` and ``high`` what the report says of it; ``total_held`` is 1 where the range of all revenue
    expected holds what comes.
    """

    kind: str
    season: bool
    level: float
    ratio: float
    total_held: float
    error: float
    error_of_last_year: float
    error_of_last_year_by_gaps: float
    brier: float
    brier_of_gaps: float
    brier_of_gaps_and_median: float
    brier_of_best_member: float
    called: int
    gone: float
    stake: float
    low: float
    high: float
    lost: float


def judge(name: str, seed: int) -> Judged:
    """Make a world, judge what its firm sees, and compare."""
    world = make_world(name, seed)
    case = study(reading.read(world.log.rename(columns={"revenue": "amount"}), name=name))
    found = case.customers.set_index("customer_id")
    truth = world.truth.set_index("customer_id").reindex(found.index)
    actual, alive = truth["later_revenue"].to_numpy(), truth["alive"].to_numpy(float)
    gap, silent, last = (found[column].to_numpy() for column in ("usual_gap_days", "silent_days", "yearly_revenue"))
    by_gaps = ~(silent > 3 * gap)
    and_median = ~(silent > 3 * np.where(np.isnan(gap), np.nanmedian(gap), gap))
    called = truth.loc[case.calls["customer_id"]]
    _, least, most = case.expected_total()
    win_back = case.recommended("win_back")

    def error(expected: np.ndarray) -> float:
        return float(np.abs(expected - actual).sum() / actual.sum())

    assert case.models.buying is not None
    return Judged(
        kind=case.models.buying.KIND,
        season=case.models.season is not None,
        level=case.models.level,
        ratio=float(found["expected_contribution"].sum() / actual.sum()),
        total_held=float(least <= actual.sum() <= most),
        error=error(found["expected_contribution"].to_numpy()),
        error_of_last_year=error(last),
        error_of_last_year_by_gaps=error(last * by_gaps),
        brier=float(np.mean((found["p_alive"].to_numpy() - alive) ** 2)),
        brier_of_gaps=float(np.mean((by_gaps - alive) ** 2)),
        brier_of_gaps_and_median=float(np.mean((and_median - alive) ** 2)),
        brier_of_best_member=min(brier(member, case, alive) for member in members(case)),
        called=len(called),
        gone=float(1 - called["alive"].mean()) if len(called) else np.nan,
        stake=win_back["at_stake"],
        low=win_back["low"],
        high=win_back["high"],
        lost=float(case.calls["yearly_contribution"].to_numpy() @ ~called["bought"].to_numpy()),
    )


def members(case: Case) -> list[PurchaseModel]:
    """Return the whole family fitted on what the firm sees."""
    return fit_family(case.models.seen(case.customers))


def brier(model: PurchaseModel, case: Case, alive: np.ndarray) -> float:
    return float(np.mean((model.p_alive(case.models.seen(case.customers)) - alive) ** 2))


def table(seeds: range, names: list[str]) -> pd.DataFrame:
    """Return the mean of each world over the seeds, and how often the interval of the money held the truth."""
    rows = [{"world": name, **judge(name, seed)._asdict()} for name in names for seed in seeds]
    frame = pd.DataFrame(rows)
    # all may be lost: the same sum in another order
    rounding = 1e-9 * frame["lost"]
    held = (frame["low"] <= frame["lost"] + rounding) & (frame["lost"] <= frame["high"] + rounding)
    frame["held"] = held.astype(float).where(frame["called"] > 0)
    grouped = frame.groupby("world", sort=False)
    judges = grouped["kind"].agg(lambda kinds: " ".join(f"{kind}:{n}" for kind, n in kinds.value_counts().items()))
    return judges.to_frame("judged by").join(grouped.mean(numeric_only=True))
