"""What a weight is worth in money, and where a price cut is wasted (S14)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import check_present, numbers_between

from .choice_model import ChoiceModel, check_attribute, normal_quantile
from .choice_sets import ALTERNATIVE, TABLE, Array, read_attributes, read_sets, rows_of_sets
from .fitting import fit_choices, groups, in_group


@public
def willingness_to_pay(
    model: ChoiceModel,
    price: str = "price",
    *,
    confidence: float = 0.95,
    method: Literal["delta", "krinsky_robb"] = "delta",
    draws: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how much dearer one unit more of an attribute may be: the ratio of its weight to that of the price.

    Parameters
    ----------
    model, price
        From `fit_choices` or `fit_rankings`; the attribute that is the price.
    confidence
        Of the intervals, above 0 and below 1.
    method
        ``"delta"``, or ``"krinsky_robb"`` (1986): quantiles of ratios of drawn weights, lopsided as they are where the
        weight of the price is not well known.
    draws, seed
        For ``"krinsky_robb"``.

    Returns
    -------
    pandas.DataFrame
        ``attribute`` (all but the price), ``willingness_to_pay``, ``low``, ``high``: units of the price per unit of the
        attribute. The interval is NaN for a stated model.

    Raises
    ------
    CvmError
        Where the weight of the price is not clearly negative (its interval reaches 0): the ratio means nothing then.

    Notes
    -----
    The scale of utility cancels in the ratio, so that it compares between segments and models; it is that of a buyer
    with the mean weights, not the mean over buyers.

    Examples
    --------
    >>> model = ChoiceModel({"price": -0.4, "trust": 0.2})
    >>> willingness_to_pay(model)[["attribute", "willingness_to_pay"]].values.tolist()
    [['trust', 0.5]]
    """
    check_attribute(model, price)
    check_count("draws", draws, 100, 1_000_000)
    z = normal_quantile(confidence)
    weight, place = np.array(list(model.weight.values())), model.attributes.index(price)
    error = model.standard_errors[place]
    # a stated model has no error
    highest = weight[place] + (z * error if np.isfinite(error) else 0)
    if not highest < 0:
        raise CvmError("factors.price_not_negative", price=price, weight=f"{weight[place]:.3g}", high=f"{highest:.3g}")
    others = np.arange(len(weight)) != place
    ratio = -weight[others] / weight[place]
    if method == "delta" or not np.isfinite(error):
        slope = np.zeros((others.sum(), len(weight)))
        slope[:, others] = np.diag(np.full(others.sum(), -1 / weight[place]))
        slope[:, place] = weight[others] / weight[place] ** 2
        spread = z * np.sqrt(np.einsum("ij,jk,ik->i", slope, model.covariance, slope))
        low, high = ratio - spread, ratio + spread
    else:
        drawn = np.random.default_rng(seed).multivariate_normal(weight, model.covariance, draws)
        ratios = -drawn[:, others] / drawn[:, [place]]
        low, high = np.quantile(ratios, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    named = [name for name in model.attributes if name != price]
    return pd.DataFrame({"attribute": named, "willingness_to_pay": ratio, "low": low, "high": high})


@public
def price_cut(
    choices: pd.DataFrame,
    attributes: Sequence[str],
    *,
    alternative: str,
    by: str = "",
    price: str = "price",
    cut: float = 0.05,
    assumed_margin: float = 0.3,
    spend: str = "",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return, by segment, what a price cut wins against what it gives away, and where it is wasted.

    Do not fight on price where price does not decide, nor differentiate where it does (CVM-3M move 2).

    Parameters
    ----------
    choices, attributes
        As in `fit_choices`; the weights are fitted in each segment on all its choices.
    alternative
        Our own supplier in the column ``alternative``; choices in which it was not on offer count for the weights only.
    by
        Column of the segments, or of the occasions; all together if left out.
    price, cut
        The attribute that is the price; the cut as a share of our price, above 0 and below 1.
    assumed_margin
        Share of our price that is profit before the cut, above 0, at most 1; the cost per unit stays as it is.
    spend
        Column with what is bought in the choice at present prices (money, at least 0; the row of our supplier counts);
        every choice counts alike if left out.
    confidence
        Of the intervals, above 0 and below 1.

    Returns
    -------
    pandas.DataFrame
        A row per segment: its column where given, ``first_factor`` (the attribute that decides most), ``share``
        (expected share of spend we win), ``elasticity`` (own-price, weighted by sales, with ``elasticity_low``,
        ``elasticity_high``); as shares of our present sales there: ``given_away`` (to those who buy anyhow),
        ``won_revenue`` (of those won over, at the new price), ``revenue_change_share``, ``profit_change`` with
        ``profit_low``, ``profit_high``; and ``advice``: ``"cut"`` (profit clearly rises), ``"differentiate"`` (it
        clearly falls and something else decides), ``"hold_price"`` (it clearly falls though price decides: neither cut
        nor differentiate, serve cheaply) or ``"unclear"``.

    Raises
    ------
    CvmError
        As `fit_choices`, with the group; for a supplier that is never on offer, a negative price or spend.

    Notes
    -----
    For a small cut revenue rises where elasticity is below −1, profit where it is below −1 / ``assumed_margin``:
    revenue that rises may still cost profit. Assumes that competitors keep their prices, that buyers spread their
    spend as they choose in the survey, and that the quantity bought stays. Intervals by the delta method.

    Examples
    --------
    >>> import cvmlab as cvm
    >>> choices = cvm.datasets.load("packaging_choices")
    >>> table = price_cut(choices, ["price", "trust", "innovation"], alternative="linhe", by="segment", spend="spend")
    >>> table[["segment", "first_factor", "advice"]].values.tolist()
    [['bakery', 'trust', 'differentiate'], ['bakery_chain', 'trust', 'differentiate'], ['canteen', 'price', 'cut'],
     ['food_shop', 'price', 'unclear']]
    """
    if price not in attributes:
        raise CvmError("factors.no_such_attribute", attribute=price, known=", ".join(attributes))
    check_parameter("cut", cut, 0, 0.99, open_minimum=True)
    check_parameter("assumed_margin", assumed_margin, 0, 1, open_minimum=True)
    z = normal_quantile(confidence)
    parts = groups(choices, by) if by else [("", choices)]
    rows = []
    for name, part in parts:
        model = in_group(name, fit_choices, part, attributes) if by else fit_choices(part, attributes)
        figures = _figures_of(part, model, alternative, price, cut, assumed_margin, spend)
        rows.append(_row(model, figures, z) | ({by: name} if by else {}))
    columns = [*([by] if by else []), "first_factor", "share", "elasticity", "elasticity_low", "elasticity_high"]
    columns += [
        "given_away",
        "won_revenue",
        "revenue_change_share",
        "profit_change",
        "profit_low",
        "profit_high",
        "advice",
    ]
    table = pd.DataFrame(rows).assign(given_away=cut)
    price_first = table["first_factor"] == price
    advice = [table["profit_low"] > 0, (table["profit_high"] < 0) & ~price_first, table["profit_high"] < 0]
    return table.assign(advice=np.select(advice, ["cut", "differentiate", "hold_price"], "unclear"))[columns]


def _row(model: ChoiceModel, figures: Callable[[Array], Array], z: float) -> dict[str, object]:
    """Return the figures of one segment, with the intervals of elasticity and profit."""
    weight, error = np.array(list(model.weight.values())), model.standard_errors
    share, elasticity, won, revenue, profit = figures(weight).tolist()
    step = 1e-3 * np.diag(error)
    slope = np.array([(figures(weight + each) - figures(weight - each)) / (2 * each.max()) for each in step])
    spread = z * np.sqrt(np.einsum("ij,ik,kj->j", slope, model.covariance, slope))
    first = model.weights().sort_values("place")["attribute"].iloc[0]
    return {
        "first_factor": first, "share": share, "elasticity": elasticity,
        "elasticity_low": elasticity - spread[1], "elasticity_high": elasticity + spread[1],
        "won_revenue": won, "revenue_change_share": revenue, "profit_change": profit,
        "profit_low": profit - spread[4], "profit_high": profit + spread[4],
    }  # fmt: skip


def _figures_of(
    choices: pd.DataFrame, model: ChoiceModel, alternative: str, price: str, cut: float, margin: float, spend: str
) -> Callable[[Array], Array]:
    """Return a function of the weights: share, elasticity, revenue won, change of revenue and of profit."""
    is_ours = choices[ALTERNATIVE].astype(object).to_numpy() == alternative
    if not is_ours.any():
        known = ", ".join(map(str, choices[ALTERNATIVE].unique()[:20]))
        raise CvmError("factors.no_such_alternative", alternative=alternative, known=known)
    sets = read_sets(choices)
    offered = choices.iloc[rows_of_sets(sets, sets.total(is_ours[sets.order].astype(np.float64)) > 0)]
    sets = read_sets(offered)
    ours = np.flatnonzero((offered[ALTERNATIVE].astype(object).to_numpy() == alternative)[sets.order])
    x = read_attributes(offered, model.attributes)[sets.order]
    place = model.attributes.index(price)
    check_present(np.isnan(x[:, place]), price, TABLE)
    numbers_between(offered, price, 0, np.inf, TABLE)
    money = np.ones(len(ours))
    if spend:
        money = numbers_between(offered, spend, 0, np.inf, TABLE)[sets.order][ours]
        if not money.sum() > 0:
            raise CvmError("factors.no_spend_at_all")
    cheaper = x.copy()
    cheaper[ours, place] *= 1 - cut

    def figures(weights: Array) -> Array:
        now, then = sets.shares(x @ weights)[ours], sets.shares(cheaper @ weights)[ours]
        sold, kept = money @ now, money @ then
        elasticity = (money * now) @ (weights[place] * x[ours, place] * (1 - now)) / sold
        won, gone = (1 - cut) * (kept - sold) / sold, cut
        profit = (kept * (margin - cut) - sold * margin) / sold
        return np.array([sold / money.sum(), elasticity, won, won - gone, profit])

    return figures
