"""Fit the weights of purchase factors to choices and rankings by maximum likelihood (S14)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import check_columns, check_present

from .choice_model import ChoiceModel
from .choice_sets import TABLE, Array, ChoiceSets, read_attributes, read_chosen, read_ranks, read_sets
from .likelihood import Maximum, differences, evaluate, is_suspicious, maximise, never_against

# Fewer choices than this cannot carry weights; from so many customers on, errors are clustered by customer (ours).
LEAST_CHOICES, LEAST_CUSTOMERS = 10, 30
# A spread of an attribute below this share of its size is rounding.
_ROUNDING = 1e-9
# More groups than this are customers, not segments.
_MOST_GROUPS = 100


@public
def fit_choices(choices: pd.DataFrame, attributes: Sequence[str]) -> ChoiceModel:
    """Fit a conditional logit to choices by maximum likelihood.

    Parameters
    ----------
    choices
        A row per alternative: ``customer_id``, ``choice_id`` (which choice of the customer), ``alternative``,
        ``chosen`` (True or 1 in one row of each choice), and the attributes. Choices may differ in their alternatives.
    attributes
        Columns of numbers, or of True and False: price, trust … For a supplier's own appeal add a column that is 1 for
        that supplier.

    Returns
    -------
    ChoiceModel
        From 30 customers on the errors are clustered by customer (White's sandwich): the same customer answers by the
        same taste, so that 12 answers of one are less than 12 of twelve.

    Raises
    ------
    CvmError
        Missing or non-numeric column, a choice of one alternative, none or several chosen, fewer than 10 choices, an
        attribute that does not vary within choices or is a sum of others, or that no choice goes against (separation).

    Notes
    -----
    Log-likelihood ``Σ log P(chosen)``, concave; Newton's steps with analytic gradient and Hessian (McFadden 1974).
    Assumes equal weights for all (fit by segment with `weights_by`). Errors of another kind change the scale of all
    weights alike (normal ones by 1.31) and leave ratios as they are. Tastes that differ pull weights towards 0, the
    strongest most: with weights spread by half of their mean it came out at 0.75 of its size, and willingness to pay 8
    to 11% too high; spread by the whole mean, 16 to 29% (measured).

    Examples
    --------
    With one dummy and two alternatives the weight is the log of the odds, ln(15/5):

    >>> choice = np.repeat(np.arange(20), 2)
    >>> choices = pd.DataFrame({"customer_id": "007", "choice_id": choice.astype(str), "alternative": ["a", "b"] * 20})
    >>> choices["trusted"] = [1, 0] * 20
    >>> choices["chosen"] = np.where(choice < 15, choices["trusted"], 1 - choices["trusted"])
    >>> fit_choices(choices, ["trusted"]).weights()[["weight", "standard_error"]].round(4).values.tolist()
    [[1.0986, 0.5164]]
    """
    sets = read_sets(choices)
    x = read_attributes(choices, attributes)[sets.order]
    return _fit(x, sets, read_chosen(choices, sets), tuple(attributes))


@public
def fit_rankings(choices: pd.DataFrame, attributes: Sequence[str]) -> ChoiceModel:
    """Fit an exploded (rank-ordered) logit to rankings by maximum likelihood.

    A ranking is read as choices: the first among all, the second among the rest, and so on. Ranks may end early:
    alternatives without one come after all that have one.

    Parameters
    ----------
    choices, attributes
        As in `fit_choices`, with ``rank`` (1 is the best, empty where not ranked) in place of ``chosen``.

    Returns
    -------
    ChoiceModel
        Its ``choices`` counts places of rank at which there was still a choice.

    Raises
    ------
    CvmError
        As `fit_choices`; for tied ranks, a gap between ranks, and a choice in which nothing is ranked.

    Notes
    -----
    Beggs, Cardell & Hausman (1981). Lower places are often filled in with less care (Hausman & Ruud 1987): compare the
    weights with those of the first places alone, `fit_choices` with ``chosen`` where the rank is 1.

    Examples
    --------
    >>> choices = pd.DataFrame({
    ...     "customer_id": np.repeat(np.arange(40), 3).astype(str), "choice_id": "1", "alternative": list("abc") * 40,
    ...     "price": [5.0, 6.0, 7.0] * 40, "rank": [1, 2, None] * 25 + [2, 1, None] * 15,
    ... })
    >>> fit_rankings(choices, ["price"]).choices
    80
    """
    sets = read_sets(choices)
    x = read_attributes(choices, attributes)[sets.order]
    ranks = np.nan_to_num(read_ranks(choices, sets), nan=np.inf)
    at, places = sets.of_row, []
    for place in range(1, int(np.max(ranks, initial=0, where=np.isfinite(ranks))) + 1):
        left = ranks >= place
        # a set counts where this place was given and another alternative was left
        counts = sets.total(np.column_stack([ranks == place, left]).astype(np.float64))
        places.append(np.flatnonzero(left & ((counts[:, 0] == 1) & (counts[:, 1] > 1))[at]))
    rows = np.concatenate(places)
    stage = np.repeat(np.arange(len(places)), [len(each) for each in places])
    begins = np.append(True, (np.diff(at[rows]) != 0) | (np.diff(stage) != 0))
    first = np.flatnonzero(begins)
    exploded = ChoiceSets(rows, first, sets.customer[at[rows[first]]])
    chosen = np.flatnonzero(ranks[rows] == stage + 1)
    return _fit(x[rows], exploded, chosen, tuple(attributes))


@public
def weights_by(
    choices: pd.DataFrame, attributes: Sequence[str], by: str, *, ranked: bool = False, confidence: float = 0.95
) -> pd.DataFrame:
    """Return the weights of the purchase factors by segment, or by occasion.

    Parameters
    ----------
    choices, attributes
        As in `fit_choices`, or as in `fit_rankings` where ``ranked``.
    by
        Column of the groups: ``"segment"``, ``"occasion"``. All rows of a choice are in one group.
    ranked, confidence
        Whether to fit rankings; of the intervals, above 0 and below 1.

    Returns
    -------
    pandas.DataFrame
        The group's column, then those of `ChoiceModel.weights`, and ``choices``; a row per group and attribute, the
        groups in alphabetical order. Compare importances and ratios between groups, not weights.

    Raises
    ------
    CvmError
        As `fit_choices`; the sentence names the group.

    Examples
    --------
    >>> import cvmlab as cvm
    >>> choices = cvm.datasets.load("packaging_choices")
    >>> table = weights_by(choices, ["price", "trust", "innovation"], "segment")
    >>> table.loc[table["place"] == 1, ["segment", "attribute"]].values.tolist()
    [['bakery', 'trust'], ['bakery_chain', 'trust'], ['canteen', 'price'], ['food_shop', 'price']]
    """
    fit = fit_rankings if ranked else fit_choices
    tables = []
    for name, part in groups(choices, by):
        model = in_group(name, fit, part, attributes)
        tables.append(model.weights(confidence).assign(choices=model.choices))
        tables[-1].insert(0, by, name)
    return pd.concat(tables, ignore_index=True)


def groups(choices: pd.DataFrame, by: str) -> list[tuple[Any, pd.DataFrame]]:
    """Return the groups of a column in alphabetical order, with the rows of each."""
    check_columns(choices, [by], TABLE)
    if not len(choices):
        raise CvmError("tables.no_rows", table=TABLE)
    check_present(choices[by].isna().to_numpy(), by, TABLE)
    code, names = pd.factorize(choices[by])
    order = sorted(range(len(names)), key=lambda place: str(names[place]))
    if len(names) > _MOST_GROUPS:
        raise CvmError("factors.too_many_groups", column=by, groups=len(names), most=_MOST_GROUPS)
    return [(names[place], choices[code == place]) for place in order]


def in_group(name: object, fit: Callable[..., ChoiceModel], *arguments: object) -> ChoiceModel:
    """Return what a fit returns, or raise its error with the name of the group."""
    try:
        return fit(*arguments)
    except CvmError as error:
        raise CvmError("factors.in_group", group=name, why=error) from error


def _fit(x: Array, sets: ChoiceSets, chosen: NDArray[np.int64], attributes: tuple[str, ...]) -> ChoiceModel:
    if len(sets.first) < LEAST_CHOICES:
        raise CvmError("factors.too_few_choices", choices=len(sets.first), least=LEAST_CHOICES)
    # in units of their spread within choices the same tolerances fit every attribute
    spread = _spread(x, sets, attributes)
    less = differences(x / spread, sets, chosen)
    found = maximise(less, sets)
    if is_suspicious(found):
        separating = never_against(less)
        if separating.any():
            named = ", ".join(name for name, takes_part in zip(attributes, separating, strict=True) if takes_part)
            raise CvmError("factors.separation", attributes=named)
        if not found.at_rest:
            raise CvmError("factors.not_converged")
    covariance, clustered = _covariance(found, sets)
    offered = np.maximum.reduceat(x, sets.first) - np.minimum.reduceat(x, sets.first)
    return ChoiceModel(
        weight=dict(zip(attributes, (found.weights / spread).tolist(), strict=True)),
        covariance=covariance / np.outer(spread, spread),
        on_offer=offered.mean(axis=0),
        choices=len(sets.first),
        customers=len(np.unique(sets.customer)),
        log_likelihood=found.log_likelihood,
        null_log_likelihood=evaluate(np.zeros(len(attributes)), less, sets).log_likelihood,
        clustered=clustered,
    )


def _spread(x: Array, sets: ChoiceSets, attributes: tuple[str, ...]) -> Array:
    """Return the standard deviation of each attribute within choices; each must vary there in its own way."""
    centred = x - np.repeat(sets.total(x) / sets.size[:, None], sets.size, axis=0)
    spread = np.sqrt((centred**2).mean(axis=0))
    constant = spread <= _ROUNDING * np.abs(x).max(axis=0)
    if constant.any():
        raise CvmError("factors.no_variation", attribute=attributes[int(constant.argmax())])
    kept = centred / spread
    for place in range(1, len(attributes)):
        before = kept[:, :place]
        rest = kept[:, place] - before @ np.linalg.lstsq(before, kept[:, place], rcond=None)[0]
        if np.sqrt((rest**2).mean()) < 1e-6:
            others = ", ".join(attributes[:place])
            raise CvmError("factors.collinear", attribute=attributes[place], others=others)
    return np.asarray(spread)


def _covariance(found: Maximum, sets: ChoiceSets) -> tuple[Array, bool]:
    """Return the covariance of the weights, and whether it is clustered by customer."""
    inverse = np.linalg.inv(found.information)
    customers = len(np.unique(sets.customer))
    if customers < LEAST_CUSTOMERS:
        return np.asarray(inverse, dtype=np.float64), False
    code = np.unique(sets.customer, return_inverse=True)[1]
    by_customer = np.column_stack([np.bincount(code, column) for column in found.scores.T])
    middle = by_customer.T @ by_customer * customers / (customers - 1)
    return np.asarray(inverse @ middle @ inverse, dtype=np.float64), True
