"""What a simulation returns: the panel as arrays, frames on demand, sums by carrier and month, the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvmlab.core.guarding import public
from cvmlab.core.patterns import PATTERNS, pattern_of_life
from cvmlab.core.words import CvmError

from .layout import CAUSES, COUNTS, LEFT, MOOD_SCALE, Panel, State
from .scenario import Carrier, Decision, MarketScenario

if TYPE_CHECKING:
    import pandas as pd

STAGES = ("", "exploration", "formation", "stability", "decline")

# The six reasons of S21 (CRM3 §3.2.4). A public tariff or handset is an attraction, open to all; only money
# offered to the single customer is poaching: a choice, to be argued about.
REASON_OF_CAUSE: Mapping[str, str] = {
    "dissatisfaction": "left_on_own",
    "special_offer": "poached",
    "handset": "attracted",
    "tariff": "attracted",
    "data_speed": "attracted",
    "contagion": "attracted",
    "better_liked": "attracted",
    "forced": "forced_to_leave",
    "let_go": "given_up",
    "dealer": "other_reason",
    "chance": "other_reason",
}
_NAMES = np.array(["", *CAUSES], dtype=object)
_REASONS = np.array(["", *(REASON_OF_CAUSE[cause] for cause in CAUSES)], dtype=object)


def _named(codes: NDArray[Any], names: Sequence[str]) -> pd.Categorical[str]:
    import pandas as pd

    return pd.Categorical.from_codes(codes, pd.Index(list(names)))


@public
@dataclass(frozen=True)
class Result:
    """A simulated market.

    Attributes
    ----------
    scenario, carriers, dated, periods, seed
        What was simulated; ``dated`` is carrier name → period → `Decision`.
    state
        The customers after the last month, arrays of shape (customers,).
    panel
        Arrays of shape (periods, customers), None if it was not kept: ``carrier`` (0 for none), ``stage``
        (index of `STAGES`), ``cause`` (0, or index + 1 of `CAUSES`: why the customer left the carrier of
        the month before), ``complaint``, ``felt`` (satisfaction), ``revenue`` and ``profit`` (whole cents;
        the profit is known, not estimated), and with dual SIM ``second``, ``second_revenue``,
        ``second_profit`` of the second carrier.
    sums
        Whole numbers of shape (periods, carriers + 1, sums): `layout.COUNTS`, then leavers by cause; money in
        cents, satisfaction ("mood") in parts of 1/1024.
    """

    scenario: MarketScenario
    carriers: Mapping[str, Carrier]
    dated: Mapping[str, Mapping[int, Decision]]
    periods: int
    seed: int
    state: State
    panel: Panel | None
    sums: NDArray[np.int64]

    def names(self) -> list[str]:
        """Return the carriers' names, "" first for no carrier: the number in an array is the place here."""
        return ["", *self.carriers]

    def summary(self) -> pd.DataFrame:
        """Return one row per carrier and period.

        Returns
        -------
        pandas.DataFrame
            ``period``, ``carrier``, ``customers`` (main carrier), ``share`` (of all customers), ``joined``,
            ``left``, ``left_<cause>``, ``won_back``, ``complaints``, ``handsets`` (sold),
            ``second_customers``, ``satisfaction`` (mean), ``revenue``, ``profit`` (both with second SIMs),
            ``fixed_cost`` (of the network), ``result`` = profit − fixed_cost; monthly money.

        Examples
        --------
        >>> from cvmlab.market import simulate
        >>> simulate(customers=1000, periods=3).summary()[["period", "carrier", "customers"]].head(3)
           period  carrier  customers
        0       0   Mobile        ...
        1       0   Unicom        ...
        2       0  Telecom        ...
        """
        import pandas as pd

        from .plan import in_force

        names = list(self.carriers)
        sums = self.sums[:, 1:]
        flat = {name: sums[..., k].reshape(-1) for k, name in enumerate(COUNTS)}
        left = {f"left_{name}": sums[..., LEFT + k].reshape(-1) for k, name in enumerate(CAUSES, start=1)}
        quality = np.array([[d.network_quality for d in in_force(self.dated[name], self.periods)] for name in names]).T
        count = len(self.state.carrier)
        fixed = quality.reshape(-1) * self.scenario.network_cost * count
        customers, profit = flat["customers"], flat["profit"] / 100
        mood = np.divide(flat["mood"] / MOOD_SCALE, customers, out=np.zeros(len(customers)), where=customers > 0)
        columns = {
            "period": np.repeat(np.arange(self.periods), len(names)),
            "carrier": np.tile(np.array(names, dtype=object), self.periods),
            "customers": customers,
            "share": customers / count,
            "joined": flat["joined"],
            "left": np.sum(list(left.values()), axis=0),
            **left,
            **{name: flat[name] for name in ("won_back", "complaints", "handsets", "second_customers")},
            "satisfaction": mood,
            "revenue": flat["revenue"] / 100,
            "profit": profit,
            "fixed_cost": fixed,
            "result": profit - fixed,
        }
        return pd.DataFrame(columns)

    def retention_rate(self) -> NDArray[np.float64]:
        """Return the share of each carrier's customers of the month before that stayed, shape (periods, carriers).

        Formula: 1 − left / (customers + left − joined); NaN where there were none.
        """
        sums = self.sums[:, 1:]
        left = sums[..., LEFT + 1 :].sum(axis=-1)
        before = sums[..., 0] + left - sums[..., 1]
        stayed = np.divide(before - left, before, out=np.full(left.shape, np.nan), where=before > 0)
        return np.asarray(stayed, dtype=np.float64)

    def to_frame(self) -> pd.DataFrame:
        """Return the panel as a frame, one row per customer and period with a carrier.

        Returns
        -------
        pandas.DataFrame
            ``customer_id`` (text), ``period`` (number of the month), ``carrier``, ``stage``, ``cause`` and
            ``reason`` (why the customer left the carrier of the month before), ``complaint``,
            ``satisfaction``, ``revenue``, ``profit`` (money, of the main carrier) [, ``second_carrier``,
            ``second_revenue``, ``second_profit``]. A month in which a customer left the market for good
            keeps its row, with an empty carrier and its cause.
        """
        import pandas as pd

        panel = self._panel()
        period, customer = np.nonzero((panel.carrier > 0) | (panel.cause > 0))
        at = (period, customer)
        cause = panel.cause[at]
        columns = {
            "customer_id": self.customer_id()[customer],
            "period": period,
            "carrier": _named(panel.carrier[at], self.names()),
            "stage": _named(panel.stage[at], STAGES),
            "cause": _named(cause, ("", *CAUSES)),
            "reason": pd.Categorical(_REASONS[cause], categories=list(dict.fromkeys(_REASONS))),
            "complaint": panel.complaint[at],
            "satisfaction": panel.felt[at],
            "revenue": panel.revenue[at] / 100,
            "profit": panel.profit[at] / 100,
        }
        if panel.second.size:
            columns["second_carrier"] = _named(panel.second[at], self.names())
            columns["second_revenue"] = panel.second_revenue[at] / 100
            columns["second_profit"] = panel.second_profit[at] / 100
        return pd.DataFrame(columns)

    def customer_id(self) -> NDArray[np.object_]:
        """Return the ids: the customer's number as text, of equal length."""
        count = len(self.state.carrier)
        width = len(str(count - 1))
        return np.array([f"{number:0{width}d}" for number in range(count)], dtype=object)

    def truth(self) -> pd.DataFrame:
        """Return what nobody outside a simulation knows, one row per customer, after the last month.

        Returns
        -------
        pandas.DataFrame
            ``customer_id``, ``carrier``, ``tenure`` (months), ``level``, ``peak_level``, ``expectation``,
            ``satisfaction``, ``contract_months_left``, ``wallet`` (monthly money), ``price_sensitivity``,
            ``data_need``, ``desire``, ``service_cost`` (monthly money), ``group_network`` (carrier),
            ``handset_period`` (−1 none), ``second_carrier``, ``taste_<carrier>``.
        """
        import pandas as pd

        state, names = self.state, self.names()
        tastes = {f"taste_{name}": state.taste[j] for j, name in enumerate(names) if j}
        columns = {
            "customer_id": self.customer_id(),
            "carrier": _named(state.carrier, names),
            "tenure": state.tenure,
            "level": state.level,
            "peak_level": state.peak,
            "expectation": state.expected,
            "satisfaction": state.felt,
            "contract_months_left": state.months_left,
            **{name: getattr(state, name) for name in ("wallet", "price_sensitivity", "data_need", "desire")},
            "service_cost": state.service_cost,
            "group_network": _named(state.group, names),
            "handset_period": state.owns,
            "second_carrier": _named(state.second, names),
            **tastes,
        }
        return pd.DataFrame(columns)

    def spells(self) -> pd.DataFrame:
        """Return one row per relationship of a customer with a carrier, with its curve pattern (S04).

        Returns
        -------
        pandas.DataFrame
            ``customer_id``, ``carrier``, ``first_period``, ``last_period``, ``ended``, ``cause``,
            ``reason`` (empty if not ended), ``stage_reached`` (the highest), ``pattern`` (I–IV by the stage
            reached; IV after at least 12 months in stability, ended or not; else empty if not ended).
        """
        import pandas as pd

        panel = self._panel()
        carrier = panel.carrier.T
        count, periods = carrier.shape
        starts = np.ones((count, periods), bool)
        starts[:, 1:] = (carrier[:, 1:] != carrier[:, :-1]) | (panel.cause.T[:, 1:] > 0)
        flat = np.flatnonzero(starts)
        ends = np.append(flat[1:], count * periods) - 1
        customer, first = np.divmod(flat, periods)
        last = ends % periods
        stage = np.where(panel.stage.T == 4, 0, panel.stage.T)
        # A customer who declines from the first month on has still been in exploration.
        reached = np.maximum.reduceat(np.where(panel.stage.T > 0, np.maximum(stage, 1), 0).reshape(-1), flat)
        stable = np.add.reduceat((stage == 3).reshape(-1).astype(np.int64), flat)
        ended = last < periods - 1
        cause = np.zeros(len(flat), np.uint8)
        cause[ended] = panel.cause.T[customer[ended], last[ended] + 1]
        pattern = np.array(["", *PATTERNS], dtype=object)[pattern_of_life(reached, stable, ended)]
        columns = {
            "customer_id": self.customer_id()[customer],
            "carrier": np.array(self.names(), dtype=object)[carrier[customer, first]],
            "first_period": first,
            "last_period": last,
            "ended": ended,
            "cause": _NAMES[cause],
            "reason": _REASONS[cause],
            "stage_reached": np.array(STAGES, dtype=object)[reached],
            "pattern": pattern,
        }
        frame = pd.DataFrame(columns)
        return frame[frame["carrier"] != ""].reset_index(drop=True)

    def _panel(self) -> Panel:
        if self.panel is None:
            raise CvmError("market.no_panel")
        return self.panel
