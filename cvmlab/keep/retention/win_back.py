"""Whom of the customers who left to win back, and with which offer (S21, S26)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.discounting import First, counts_now, period_rate
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID, check_columns, check_one_row_each, check_present, numbers, numbers_between
from cvmlab.worth.value import margin_multiple

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Offers in one comparison; more are a price list.
MOST_OFFERS = 100
_LARGEST = 1e15
_ALL = "best_for_each"


@public
def value_of_win_back(
    customers: pd.DataFrame,
    offers: pd.DataFrame,
    *,
    discount_rate: float,
    periods_per_year: float = 1,
    first: First = "now",
    acceptance_factor: str | None = None,
) -> pd.DataFrame:
    """Return what contacting each lost customer with each offer is expected to bring.

    Parameters
    ----------
    customers
        A row per customer who left: ``customer_id``, ``profit_per_period`` (money the customer would bring again in
        each period, before a rebate).
    offers
        A row per offer: ``offer`` (its name), ``acceptance`` (share of those contacted who come back),
        ``retention_rate`` (per period, of those who came back), ``contact_cost`` (money, spent on everybody who is
        contacted) and, where there are any, ``gift`` (money, given once to those who accept), ``rebate`` (money off in
        each period while they stay) and ``rebate_periods`` (in how many).
    discount_rate, periods_per_year, first
        Yearly rate; periods per year; whether the first profit after coming back, and the first rebate, count
        ``"now"`` or ``"next"`` period, when those have left again who leave in the first.
    acceptance_factor
        Column of the customers by which the acceptance of every offer is multiplied, 1 for a usual customer: for
        example by the reason why they left.

    Returns
    -------
    pandas.DataFrame
        A row per customer and offer: ``customer_id``, ``offer``, ``assumed_acceptance``,
        ``assumed_second_lifetime_value`` (money, before what is offered), ``offer_cost`` (present value of gift and
        rebates, per customer who accepts), ``expected_profit`` (money per customer contacted) and
        ``break_even_acceptance`` (share who must accept for the contact to pay; NaN where no share is enough).

    Raises
    ------
    CvmError
        For missing columns, gaps, a customer or an offer twice, shares outside 0 to 1, costs below 0, an acceptance
        above 1 after the factor, and values without end.

    Notes
    -----
    expected profit = acceptance · (second lifetime value − offer cost) − contact cost, with the second lifetime value
    profit · M(r) and the margin multiple M of `cvmlab.value.margin_multiple`, and the offer cost gift + rebate ·
    Σ (r/(1+i))^k over its periods. Break-even acceptance = contact cost / (second lifetime value − offer cost).

    *Assumed* is all of the offers' table: that the stated share accepts, and that those who come back stay at the
    stated rate. Customers who come back for an offer may leave sooner than others did, and those drawn by the largest
    one sooner still, so do not copy the retention rate of customers who never left: test an offer on a random part of
    those lost. That both, coming back and staying, belong into one calculation is the point of Thomas, Blattberg & Fox
    (2004, Recapturing lost customers, Journal of Marketing Research 41(1), 31-45). Whoever would have come back
    without an offer is not counted here; a group that is not contacted would show how many these are.

    Examples
    --------
    >>> import pandas as pd
    >>> lost = pd.DataFrame({"customer_id": ["a", "b"], "profit_per_period": [20.0, 3.0]})
    >>> offers = pd.DataFrame({"offer": ["call", "gift"], "acceptance": [0.05, 0.15], "retention_rate": [0.9, 0.8],
    ...                        "contact_cost": [4.0, 4.0], "gift": [0.0, 15.0]})
    >>> found = value_of_win_back(lost, offers, discount_rate=0.10)
    >>> columns = ["customer_id", "offer", "assumed_second_lifetime_value", "expected_profit", "break_even_acceptance"]
    >>> print(found[columns].round(2).to_string(index=False, header=False))
    a call 110.00  1.50 0.04
    a gift  73.33  4.75 0.07
    b call  16.50 -3.18 0.24
    b gift  11.00 -4.60  NaN
    """
    import pandas as pd

    check_one_row_each(customers)
    profit = numbers(customers, "profit_per_period")
    if profit.size and float(np.abs(profit).max()) > _LARGEST / MOST_OFFERS:
        raise CvmError("retention.profit_too_large", column="profit_per_period")
    names, acceptance, retention, contact = _offers(offers)
    rate = period_rate(discount_rate, periods_per_year)
    multiple = margin_multiple(retention, discount_rate, periods_per_year, first)
    offered = _offered(offers, retention / (1 + rate), 0 if counts_now(first) else 1)
    factor = np.ones(len(customers))
    if acceptance_factor is not None:
        factor = numbers_between(customers, acceptance_factor, 0, _LARGEST)
    accepts = factor[:, None] * acceptance
    if (accepts > 1).any():
        row, place = np.argwhere(accepts > 1)[0]
        raise CvmError(
            "retention.acceptance_above_one", customer=customers[CUSTOMER_ID].iloc[row], offer=names[place],
            factor=f"{factor[row]:g}", acceptance=f"{acceptance[place]:g}",
        )  # fmt: skip
    value = profit[:, None] * multiple
    net = value - offered
    # what overflows is above 1: no acceptance is enough
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        break_even = contact / net
    break_even = np.where((net > 0) & (break_even <= 1), break_even, np.nan)
    break_even = np.where((contact == 0) & (net >= 0), 0.0, break_even)
    return pd.DataFrame({
        CUSTOMER_ID: np.repeat(customers[CUSTOMER_ID].to_numpy(object), len(names)), "offer": names * len(customers),
        "assumed_acceptance": accepts.ravel(), "assumed_second_lifetime_value": value.ravel(),
        "offer_cost": np.tile(offered, len(customers)), "expected_profit": (accepts * net - contact).ravel(),
        "break_even_acceptance": break_even.ravel(),
    })  # fmt: skip


def _offers(offers: pd.DataFrame) -> tuple[list[str], Floats, Floats, Floats]:
    """Return names, acceptance, retention rate and contact cost of the offers, checked."""
    check_columns(offers, ["offer"], "offers")
    if not len(offers):
        raise CvmError("tables.no_rows", table="offers")
    if len(offers) > MOST_OFFERS:
        raise CvmError("retention.too_many_offers", offers=len(offers), most=MOST_OFFERS)
    check_present(offers["offer"].isna().to_numpy(), "offer", "offers")
    names = [str(name) for name in offers["offer"]]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise CvmError("retention.offer_twice", offer=twice)
    acceptance, retention = (numbers_between(offers, name, 0, 1, "offers") for name in ("acceptance", "retention_rate"))
    return names, acceptance, retention, numbers_between(offers, "contact_cost", 0, _LARGEST, "offers")


def _offered(offers: pd.DataFrame, kept: Floats, start: int) -> Floats:
    """Return the present value of gift and rebates of each offer for a customer who accepts it."""
    gift, rebate, periods = (
        numbers_between(offers, name, 0, most, "offers") if name in offers else np.zeros(len(offers))
        for name, most in (("gift", _LARGEST), ("rebate", _LARGEST), ("rebate_periods", 10_000))
    )
    without = (rebate > 0) & (periods == 0)
    if without.any() or (periods != np.floor(periods)).any():
        row = int((without | (periods != np.floor(periods))).argmax())
        raise CvmError("retention.rebate_periods", row=row + 1, periods=f"{periods[row]:g}")
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.where(kept == 1, periods, (1 - kept**periods) / (1 - kept))
    return np.asarray(gift + rebate * times * kept**start)


@public
def whom_to_win_back(values: pd.DataFrame) -> pd.DataFrame:
    """Return the customers worth winning back, each with the best offer, the most profitable first.

    Parameters
    ----------
    values
        As `value_of_win_back` returns them: ``customer_id``, ``offer``, ``expected_profit``.

    Returns
    -------
    pandas.DataFrame
        A row per customer for whom some offer is expected to bring more than it costs: all columns of ``values``, of
        the offer that brings most (the first of equal ones). No rows where nothing pays.

    Raises
    ------
    CvmError
        For missing columns, and a customer and offer twice.

    Notes
    -----
    *Assumed*: there is money for all of them. Each is offered what brings most from that customer; a customer who
    hears of a better offer to somebody else may ask for it.

    Examples
    --------
    >>> import pandas as pd
    >>> values = pd.DataFrame({"customer_id": ["a", "a", "b", "b"], "offer": ["call", "gift"] * 2,
    ...                        "expected_profit": [1.5, 4.75, -3.18, -4.6]})
    >>> print(whom_to_win_back(values).to_string(index=False))
    customer_id offer  expected_profit
              a  gift             4.75
    """
    profit = _checked(values)
    pays = values.assign(**{_ALL: profit})[profit > 0]
    ordered = pays.sort_values(_ALL, ascending=False, kind="stable").drop_duplicates(CUSTOMER_ID)
    return ordered.drop(columns=_ALL).reset_index(drop=True)


@public
def compare_offers(values: pd.DataFrame) -> pd.DataFrame:
    """Return what each offer would bring if it were the only one, beside the best one for each customer and nobody.

    Parameters
    ----------
    values
        As `value_of_win_back` returns them: ``customer_id``, ``offer``, ``expected_profit``.

    Returns
    -------
    pandas.DataFrame
        A row per offer, the best first, and one called ``best_for_each``: ``offer``, ``customers`` (for whom it pays),
        ``expected_profit`` (money, of these customers) and ``profit_of_all`` (money, if every lost customer were
        contacted; may be negative). To contact nobody brings 0.

    Examples
    --------
    >>> import pandas as pd
    >>> values = pd.DataFrame({"customer_id": ["a", "a", "b", "b"], "offer": ["call", "gift"] * 2,
    ...                        "expected_profit": [1.5, 4.75, -3.18, -4.6]})
    >>> print(compare_offers(values).to_string(index=False))
            offer  customers  expected_profit  profit_of_all
    best_for_each          1             4.75           1.57
             gift          1             4.75           0.15
             call          1             1.50          -1.68
    """
    import pandas as pd

    profit = _checked(values)
    if (values["offer"] == _ALL).any():
        raise CvmError("retention.offer_twice", offer=_ALL)
    plain = values[[CUSTOMER_ID, "offer"]].assign(profit=profit)
    best = plain.groupby(CUSTOMER_ID, sort=False)["profit"].max().rename("profit").reset_index().assign(offer=_ALL)
    both = pd.concat([best, plain], ignore_index=True)
    both["pays"] = both["profit"] > 0
    both["gain"] = both["profit"].clip(lower=0)
    found = both.groupby("offer", sort=False).agg(
        customers=("pays", "sum"), expected_profit=("gain", "sum"), profit_of_all=("profit", "sum")
    )
    return found.sort_values("expected_profit", ascending=False, kind="stable").reset_index()


def _checked(values: pd.DataFrame) -> Floats:
    """Return the expected profit of a frame of values, or raise `CvmError` that names what is wrong with it."""
    check_columns(values, [CUSTOMER_ID, "offer", "expected_profit"], "values")
    profit = numbers(values, "expected_profit", "values")
    for name in (CUSTOMER_ID, "offer"):
        check_present(values[name].isna().to_numpy(), name, "values")
    twice = values.duplicated([CUSTOMER_ID, "offer"]).to_numpy()
    if twice.any():
        row = values.iloc[int(twice.argmax())]
        raise CvmError("retention.offered_twice", customer=row[CUSTOMER_ID], offer=row["offer"])
    return profit
