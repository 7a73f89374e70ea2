"""A log whose customers' days of joining and leaving are known: rates, causes and whom to win back (S20, S21, S26)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.keep import churn
from cvmlab.keep.retention import compare_offers, life_table, value_of_win_back, yearly_base
from cvmlab.worth.buying import PaymentRule
from cvmlab.worth.buying.fit_input import read_summary
from cvmlab.worth.buying.gap_rule import GAPS
from cvmlab.worth.buying.payment_rule import PERIODS, payment_months

from .actions import left_alone
from .contracts import missed_payments
from .ended import gone_by
from .expectations import contribution_by_month

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cvmlab.data.subscribers.relationships import Relationships

    from .judgement import Case

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]

_MONTH = DAYS_A_YEAR / 12
_STILL_THERE, _NEAR, _FEWEST = 0.5, 0.08, 30
# a relationship this young does not yet show what it brings
_LEAST_MONTHS = 3
#: Shares of those contacted who might come back.
ACCEPTANCES = (0.01, 0.02, 0.05, 0.10)
#: Reasons for which nobody is asked to come back: the firm did not want them, or they cannot.
NOT_ASKED = ("given_up", "forced_to_leave")


@dataclass(frozen=True)
class Seen:
    """How one way of telling from payments who has left compares with the recorded dates, in customers.

    ``way`` is ``report`` (the rule or model of this report) or ``payments`` (a payment overdue by half a period).
    """

    way: str
    called: int
    rightly: int
    missed: int

    @property
    def wrongly(self) -> int:
        """Customers called gone whose relationship goes on."""
        return self.called - self.rightly


@dataclass(frozen=True)
class Causes:
    """Why the customers left who left in the last 12 months, as far as they said (S21).

    ``table`` is `churn.count_reasons`, its value the money of the 12 months before leaving, losses counted as 0;
    ``share`` what was lost for reasons a firm can influence; ``from_text`` says that rules read texts.
    """

    table: pd.DataFrame
    share: churn.ControllableShare
    known: int
    leavers: int
    known_value: float
    from_text: bool


@dataclass(frozen=True)
class WinBack:
    """Customers who left in the last 12 months, are not back and brought money.

    ``customers`` has ``customer_id``, ``left_date``, ``cause``, ``profit_per_period`` (money per month before leaving),
    ``assumed_second_lifetime_value``, ``break_even_acceptance`` and ``hold_out`` (drawn to be left alone), the most
    valuable first. ``by_acceptance`` has
    ``acceptance``, ``customers`` (for whom a contact pays) and ``expected_profit``. ``not_asked`` have stated a reason
    of `NOT_ASKED`. ``retention`` is per month, of those who came back before (``of_returned``) or of all; ``kept`` the
    share of their former money that these bring again, 1 where they are too few to say. Of ``left_before``, the
    relationships that ended a year to two years ago, ``came_back`` were followed by another within a year.
    """

    customers: pd.DataFrame
    by_acceptance: pd.DataFrame
    not_asked: int
    retention: float
    kept: float
    of_returned: bool
    left_before: int
    came_back: int


@dataclass(frozen=True)
class KnownEnds:
    """What the recorded dates say of the customers of a log.

    ``before`` relationships ran a year before the end, ``left`` of them have ended since, ``back`` of these customers
    have another one; ``lost`` is the money of their last 12 months. ``gone`` customers have left for good so far.
    ``years`` is `retention.yearly_base` of the whole calendar years, with ``missed`` (ended by missed payments) and
    ``missed_rate`` where payments have a period of ``months``; ``regular`` says that nearly everybody pays at it.
    ``table`` is `retention.life_table` by month since joining, with ``missed_hazard``.
    """

    name: str
    before: int
    left: int
    back: int
    lost: float
    gone: int
    years: pd.DataFrame
    table: pd.DataFrame
    months: int | None
    regular: bool
    seen: tuple[Seen, ...]
    causes: Causes | None
    win_back: WinBack | None
    not_in_table: int
    not_in_log: int


def check_same_customers(ids: pd.Series, relationships: Relationships) -> None:
    """Raise `CvmError` where a table of relationships knows none of the customers of a log."""
    known = relationships.frame[CUSTOMER_ID]
    if not known.isin(ids).any():
        example = known.iloc[0] if len(known) else ""
        raise CvmError("case.no_relationship", source=relationships.name, example=example, customer=ids.iloc[0])


def study_ends(case: Case, relationships: Relationships) -> KnownEnds:
    """Return what a table of relationships says of the customers of a case; raise `CvmError` if it knows none."""
    ids = case.customers[CUSTOMER_ID]
    check_same_customers(ids, relationships)
    frame = relationships.frame
    ours = frame[frame[CUSTOMER_ID].isin(ids)].reset_index(drop=True)
    end = pd.Timestamp(case.as_of)
    spells = ours.assign(**_money_before(case, ours), last=~ours.duplicated(CUSTOMER_ID, keep="last"))
    year_ago = end - pd.DateOffset(years=1)
    ran = (spells["joined_date"] <= year_ago) & ~(spells["left_date"] <= year_ago)
    left = ran & spells["left_date"].notna()
    running = set(spells.loc[spells["left_date"].isna(), CUSTOMER_ID])
    known = ids.isin(spells[CUSTOMER_ID]).to_numpy(bool)
    gone = gone_by(frame, case.as_of, ids)
    months = payment_period(case)
    return KnownEnds(
        name=relationships.name,
        before=int(ran.sum()),
        left=int(left.sum()),
        back=int(spells.loc[left, CUSTOMER_ID].isin(running).sum()),
        lost=float(spells.loc[left, "money"].sum()),
        gone=int(gone.sum()),
        years=_years(case, spells, months),
        table=_hazards(case, spells, months),
        months=months,
        regular=payment_months(read_summary(case.customers)) is not None,
        seen=_compared(case, known, gone, months),
        causes=_causes(spells[(spells["left_date"] > year_ago)]),
        win_back=_win_back(case, spells, running, year_ago),
        not_in_table=int((~known).sum()),
        not_in_log=int(frame.loc[~frame[CUSTOMER_ID].isin(ids), CUSTOMER_ID].nunique()),
    )


def payment_period(case: Case) -> int | None:
    """Return the months between payments where the customer in the middle pays at such an interval."""
    rule = case.models.buying
    if isinstance(rule, PaymentRule):
        return rule.months
    gaps = case.customers["usual_gap_days"].dropna()
    if len(gaps) < _FEWEST:
        return None
    middle = float(gaps.median()) / _MONTH
    return next((months for months in PERIODS if abs(middle / months - 1) <= _NEAR), None)


def _money_before(case: Case, spells: pd.DataFrame) -> dict[str, Floats]:
    """Return the ``money`` of the 12 months up to the month of leaving, or the end, and of how many (``seen``)."""
    panel = case.panel
    months = len(panel.period)
    if not months:
        return {"money": np.zeros(len(spells)), "seen": np.zeros(len(spells))}
    sums = np.vstack([np.zeros(len(panel.customer_id)), np.cumsum(contribution_by_month(panel, case.assumptions), 0)])
    column = pd.Series(np.arange(len(panel.customer_id)), index=panel.customer_id).reindex(spells[CUSTOMER_ID])
    first = _month_number(panel.period[:1])[0]
    day = np.timedelta64(1, "D")
    joined = _month_number(spells["joined_date"].to_numpy("datetime64[D]")) - first
    # who left on the first of a month was not there in it
    until = _month_number(np.asarray(spells["left_date"].to_numpy("datetime64[D]") - day, "datetime64[D]")) - first
    until = np.where(spells["left_date"].isna(), months - 1, until)
    stop = np.clip(until + 1, 0, months)
    start = np.clip(np.maximum(until - 11, joined), 0, stop)
    place = column.fillna(0).to_numpy(np.int64)
    money = np.where(column.isna(), 0.0, sums[stop, place] - sums[start, place])
    # months by days: who left on the fifth was there for a part of that month only
    opened = (panel.period[0].astype("datetime64[M]") + start).astype("datetime64[D]")
    shut = (panel.period[0].astype("datetime64[M]") + months).astype("datetime64[D]")
    left = spells["left_date"].to_numpy("datetime64[D]")
    begun = np.maximum(spells["joined_date"].to_numpy("datetime64[D]"), opened)
    days = (np.minimum(np.where(np.isnat(left), shut, left), shut) - begun).astype(np.float64)
    return {"money": money, "seen": np.maximum(days / _MONTH, 0.0)}


def _month_number(days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    return days.astype("datetime64[M]").astype(np.int64)


def _months_between(start: pd.Series, end: pd.Series) -> NDArray[np.int64]:
    """Return the whole months from one day to another, by their mean length."""
    return np.floor((end - start).dt.days.to_numpy(np.float64) / _MONTH).astype(np.int64)


def _paid(case: Case, months: int) -> tuple[Floats, Floats, Flags]:
    """Return the days from the first, and from the last, payment to the end, and who has missed one since."""
    age, recency = (case.customers[name].to_numpy(np.float64) for name in ("age", "recency"))
    silent = age - recency
    return age, silent, silent > 1.5 * months * _MONTH


def _years(case: Case, spells: pd.DataFrame, months: int | None) -> pd.DataFrame:
    """Return the base of every calendar year that the log holds whole, and those who missed payments."""
    begin, end = case.first_date, case.as_of
    first = begin.year if begin.month == 1 else begin.year + 1
    last = end.year if (end.month, end.day) >= (12, 31) else end.year - 1
    years = yearly_base(spells, range(first, last + 1))
    if months is None:
        return years
    age, silent, gone = _paid(case, months)
    ended = silent - months * _MONTH
    counts = []
    for year in years["year"]:
        to_begin, to_end = ((end - type(end)(year + more, 1, 1)).days for more in (0, 1))
        # in the first period of the log nobody can be seen to have begun
        there = (age >= min(to_begin, case.days - 1 - months * _MONTH)) & (~gone | (ended <= to_begin))
        counts.append((int((there & gone & (ended > to_end)).sum()), int(there.sum())))
    missed, there_at_start = np.array(counts, dtype=np.int64).reshape(-1, 2).T
    return years.assign(missed=missed, missed_rate=missed / np.maximum(there_at_start, 1))


def _hazards(case: Case, spells: pd.DataFrame, months: int | None) -> pd.DataFrame:
    """Return the life table by month since joining; beside it the share that ends by the payments made."""
    begin, end = pd.Timestamp(case.first_date), pd.Timestamp(case.as_of)
    until = spells["left_date"].fillna(end)
    left = spells["left_date"].notna()
    entered = np.maximum(_months_between(spells["joined_date"], pd.Series(begin, index=spells.index)), 0)
    tenure = _months_between(spells["joined_date"], until) + left.to_numpy(np.int64)
    seen = tenure > entered
    rows = pd.DataFrame({"tenure": tenure[seen], "left": left.to_numpy()[seen], "entered": entered[seen]})
    table = life_table(rows, tenure="tenure", entered="entered")
    if months != 1:
        return table
    _, _, gone = _paid(case, months)
    missed = missed_payments(case, months * _MONTH, gone)
    if missed is None:
        return table
    both = missed[["period", "hazard"]].rename(columns={"hazard": "missed_hazard"})
    return table.merge(both, on="period", how="left")


def _compared(case: Case, known: Flags, gone: Flags, months: int | None) -> tuple[Seen, ...]:
    ways = {"report": _silent(case)}
    if months is not None and not isinstance(case.models.buying, PaymentRule):
        ways["payments"] = _paid(case, months)[2]
    return tuple(
        Seen(way, int((called & known).sum()), int((called & gone).sum()), int((gone & ~called).sum()))
        for way, called in ways.items()
    )


def _silent(case: Case) -> Flags:
    """Return of whom the purchases alone say that they have left."""
    model = case.models.buying
    if model is None:
        return np.asarray(case.customers["silent_gaps"].to_numpy(np.float64) > GAPS)
    return np.asarray(model.p_alive(case.models.seen(case.customers)) < case.assumptions.silent_below)


def _causes(leavers: pd.DataFrame) -> Causes | None:
    """Return the reasons of those who left, None where nobody stated one."""
    if not leavers["cause"].notna().any():
        return None
    valued = leavers.assign(value=np.maximum(leavers["money"], 0.0), cause=leavers["cause"].astype(object))
    if not valued["value"].any():
        valued["value"] = 1.0
    from_text = False
    try:
        coded = churn.code_reasons(valued, text=None, fields=["cause"])
    except CvmError as error:
        if error.key != "reasons.unknown_reason":
            raise
        coded, from_text = churn.code_reasons(valued, text="cause"), True
    try:
        share = churn.controllable_share(coded, value="value")
    except CvmError as error:
        if error.key != "reasons.no_reason_known":
            raise
        return None
    known = ~(coded["no_text"] | coded["no_rule"])
    table = churn.count_reasons(coded, value="value")
    value = float(valued["value"].to_numpy(float)[known.to_numpy(bool)].sum())
    return Causes(table, share, int(known.sum()), len(valued), value, from_text)


def _win_back(case: Case, spells: pd.DataFrame, running: set[str], year_ago: pd.Timestamp) -> WinBack | None:
    """Return whom to win back, None where nobody left who brought money."""
    gone = spells[spells["last"] & (spells["left_date"] > year_ago) & (spells["seen"] > 0)]
    unwanted = gone["cause"].map(lambda cause: _reason_key(cause) in NOT_ASKED)
    paying = gone[~unwanted & (gone["money"] > 0)]
    if not len(paying):
        return None
    retention, kept, of_returned = _second_life(case, spells)
    lost = pd.DataFrame({
        CUSTOMER_ID: paying[CUSTOMER_ID].to_numpy(object), "left_date": paying["left_date"].to_numpy(),
        "cause": paying["cause"].to_numpy(object),
        "profit_per_period": (paying["money"] / paying["seen"].clip(lower=1)).to_numpy(np.float64),
    })  # fmt: skip
    offers = pd.DataFrame({
        "offer": [f"{one:g}" for one in ACCEPTANCES], "acceptance": ACCEPTANCES, "retention_rate": retention,
        "contact_cost": case.contact_cost,
    })  # fmt: skip
    values = value_of_win_back(
        lost.assign(profit_per_period=kept * lost["profit_per_period"]),
        offers,
        discount_rate=case.assumptions.discount_rate,
        periods_per_year=12,
        first="now",
    )
    one_each = values.drop_duplicates(CUSTOMER_ID)[
        [CUSTOMER_ID, "assumed_second_lifetime_value", "break_even_acceptance"]
    ]
    customers = lost.merge(one_each, on=CUSTOMER_ID).sort_values(
        "assumed_second_lifetime_value", ascending=False, kind="stable", ignore_index=True
    )
    worth = customers["assumed_second_lifetime_value"].to_numpy(np.float64)
    assumed = case.assumptions
    customers["hold_out"] = left_alone(
        customers[CUSTOMER_ID].to_numpy(object), worth, assumed.hold_out_share, assumed.seed
    )
    compared = compare_offers(values).set_index("offer").loc[offers["offer"]]
    by_acceptance = compared[["customers", "expected_profit"]].reset_index(drop=True).assign(acceptance=ACCEPTANCES)
    earlier = spells[(spells["left_date"] <= year_ago) & (spells["left_date"] > year_ago - pd.DateOffset(years=1))]
    following = spells.groupby(CUSTOMER_ID, sort=False)["joined_date"].shift(-1).reindex(earlier.index)
    back = following <= earlier["left_date"] + pd.DateOffset(years=1)
    return WinBack(
        customers, by_acceptance, int(unwanted.sum()), retention, kept, of_returned, len(earlier), int(back.sum())
    )


def _reason_key(cause: object) -> str | None:
    from cvmlab.keep.churn.reason_rules import reason_of_name

    return reason_of_name(cause) if isinstance(cause, str) else None


def _second_life(case: Case, spells: pd.DataFrame) -> tuple[float, float, bool]:
    """Return how customers who had left before stay from month to month, and the share of their money that came back.

    Where few of them left again, all customers stand in for them, and all the money is taken to come back.
    """
    begin, end = pd.Timestamp(case.first_date), pd.Timestamp(case.as_of)
    start = spells["joined_date"].where(spells["joined_date"] > begin, begin)
    months = (spells["left_date"].fillna(end) - start).dt.days.to_numpy(np.float64) / _MONTH
    months, left = np.maximum(months, 0), spells["left_date"].notna().to_numpy()
    again = spells.duplicated(CUSTOMER_ID).to_numpy()
    of_returned = int((again & left).sum()) >= _FEWEST
    chosen = again if of_returned else np.ones(len(spells), bool)
    retention = float(np.exp(-left[chosen].sum() / max(months[chosen].sum(), 1.0)))
    monthly = spells["money"] / spells["seen"].where(spells["seen"] > 0)
    former = monthly.groupby(spells[CUSTOMER_ID], sort=False).shift()
    before = spells["seen"].groupby(spells[CUSTOMER_ID], sort=False).shift()
    long_enough = (spells["seen"] >= _LEAST_MONTHS).to_numpy()
    both = again & (former > 0).to_numpy() & long_enough & before.fillna(0).ge(_LEAST_MONTHS).to_numpy()
    if not of_returned or both.sum() < _FEWEST:
        return retention, 1.0, of_returned
    return retention, float(np.clip(monthly[both].sum() / former[both].sum(), 0, 1)), True
