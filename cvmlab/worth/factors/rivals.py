"""How well do weights, simple rules and stated factors predict choices that nobody has seen? (S14)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.statistics import wilson_interval
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID, check_columns, check_known

from .choice_model import normal_quantile
from .choice_sets import TABLE, Array, ChoiceSets, read_attributes, read_chosen, read_sets
from .fitting import LEAST_CHOICES, fit_choices, groups, in_group


@public
def compare_rules(
    choices: pd.DataFrame,
    attributes: Sequence[str],
    *,
    lower_is_better: Sequence[str] = ("price",),
    first_factor: str = "",
    by: str = "",
    holdout: float = 0.3,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare the weights with simple rules on the choices of customers who were held out.

    Parameters
    ----------
    choices, attributes
        As in `fit_choices`.
    lower_is_better
        The attributes of which less is better; of all others more is.
    first_factor
        Column with the attribute that the customer says goes first on this occasion; not compared if left out.
    by
        Column of segments or occasions; the weights by group are then compared, too.
    holdout, seed
        Share of the customers held out, above 0 and below 1, drawn with the seed; nothing of them is fitted.
    confidence
        Of the intervals, above 0 and below 1.

    Returns
    -------
    pandas.DataFrame
        A row per method, the best first: ``method`` (``"weights"``, ``"weights_by_group"``, ``"stated_factor"``, the
        name of an attribute: always the best on it, and ``"chance"``), ``choices`` (held out), ``hit_rate`` (share of
        choices predicted; a tie of two counts half), ``low``, ``high`` and ``log_likelihood`` (mean per choice,
        higher is better; a rule's chance is its hit rate among the customers that were not held out).

    Raises
    ------
    CvmError
        As `fit_choices`; too few customers to hold some out, a stated factor that is none of the attributes.

    Notes
    -----
    Intervals are Wilson's, as if choices were independent: a little narrow where a customer answers many times.

    Examples
    --------
    >>> import cvmlab as cvm
    >>> choices = cvm.datasets.load("packaging_choices")
    >>> table = compare_rules(choices, ["price", "trust", "innovation"], by="segment")
    >>> table["method"].iloc[0], table["method"].iloc[-1]
    ('weights_by_group', 'chance')
    """
    z = normal_quantile(confidence)
    check_parameter("holdout", holdout, 0, 0.99, open_minimum=True)
    for name in lower_is_better:
        if name not in attributes and tuple(lower_is_better) != ("price",):
            raise CvmError("factors.no_such_attribute", attribute=name, known=", ".join(attributes))
    sets = read_sets(choices)
    x, chosen = read_attributes(choices, attributes)[sets.order], read_chosen(choices, sets)
    signs = np.where(np.isin(attributes, lower_is_better), -1.0, 1.0)
    stated = _stated(choices, sets, first_factor, attributes) if first_factor else None
    held = _held_out(sets, holdout, seed)
    fitted = choices.iloc[np.sort(sets.order[~held[sets.of_row]])]

    models = {"weights": sets.shares(x @ np.array(list(fit_choices(fitted, attributes).weight.values())))}
    if by:
        models["weights_by_group"] = _by_group(choices, fitted, sets, x, attributes, by)
    best = _best(x * signs, sets)
    rules = {name: best[:, place] for place, name in enumerate(attributes)}
    if stated is not None:
        rules["stated_factor"] = np.take_along_axis(best, stated[sets.of_row][:, None], axis=1)[:, 0]
    rules["chance"] = 1 / np.repeat(sets.size, sets.size)
    rows = [_grade(name, _best(chance[:, None], sets)[:, 0], chance, chosen, held) for name, chance in models.items()]
    rows += [_grade(name, pick, _as_chances(pick, sets, chosen, held), chosen, held) for name, pick in rules.items()]
    table = pd.DataFrame(rows, columns=["method", "choices", "hit_rate", "log_likelihood"])
    low, high = wilson_interval(table["hit_rate"].to_numpy(), table["choices"].to_numpy(), z)
    table.insert(3, "low", low)
    table.insert(4, "high", high)
    return table.sort_values(["hit_rate", "log_likelihood"], ascending=False, ignore_index=True, kind="stable")


def _grade(
    method: str, picks: Array, chance: Array, chosen: NDArray[np.int64], held: NDArray[np.bool_]
) -> tuple[str, int, float, float]:
    """Return method, choices, hit rate and mean log-likelihood on the sets held out."""
    logs = np.log(np.maximum(chance[chosen][held], 1e-12))
    return method, int(held.sum()), float(picks[chosen][held].mean()), float(logs.mean())


def _best(scores: Array, sets: ChoiceSets) -> Array:
    """Return 1 at the highest score of each set, shared where it is tied, else 0; of each column."""
    highest = np.repeat(np.maximum.reduceat(scores, sets.first), sets.size, axis=0)
    marks = (scores >= highest - 1e-9 * np.abs(highest)).astype(np.float64)
    return np.asarray(marks / np.repeat(sets.total(marks), sets.size, axis=0))


def _as_chances(picks: Array, sets: ChoiceSets, chosen: NDArray[np.int64], held: NDArray[np.bool_]) -> Array:
    """Return a rule as chances: its pick with the hit rate seen outside the hold-out, the rest alike."""
    # neither sure nor worse than chance, however few it was seen on
    seen = (picks[chosen][~held].sum() + 1) / ((~held).sum() + 2)
    alike = 1 / np.repeat(sets.size, sets.size)
    trust = np.maximum((seen - alike) / (1 - alike), 0)
    return np.asarray(trust * picks + (1 - trust) * alike)


def _by_group(
    choices: pd.DataFrame, fitted: pd.DataFrame, sets: ChoiceSets, x: Array, attributes: Sequence[str], by: str
) -> Array:
    """Return the chances by the weights of each group; a group that nobody was fitted on is refused."""
    known = groups(fitted, by)
    code, names = pd.factorize(choices[by])
    weights = np.full((len(names), len(attributes)), np.nan)
    place = {name: at for at, name in enumerate(names)}
    for name, part in known:
        weights[place[name]] = list(in_group(name, fit_choices, part, attributes).weight.values())
    missing = np.isnan(weights[:, 0])
    if missing.any():
        why = CvmError("factors.too_few_choices", choices=0, least=LEAST_CHOICES)
        raise CvmError("factors.in_group", group=names[int(missing.argmax())], why=why)
    return sets.shares((x * weights[code[sets.order]]).sum(axis=1))


def _stated(choices: pd.DataFrame, sets: ChoiceSets, first_factor: str, attributes: Sequence[str]) -> NDArray[np.int64]:
    """Return the place of the stated attribute, by set."""
    check_columns(choices, [first_factor], TABLE)
    check_known(choices[first_factor], first_factor, tuple(attributes))
    place = choices[first_factor].astype(object).map({name: at for at, name in enumerate(attributes)})
    return place.to_numpy().astype(np.int64)[sets.order[sets.first]]


def _held_out(sets: ChoiceSets, holdout: float, seed: int) -> NDArray[np.bool_]:
    """Return which sets are of customers that are held out, at least one and never all."""
    customers = int(sets.customer.max()) + 1
    if customers < 2:
        raise CvmError("factors.nobody_to_hold_out", column=CUSTOMER_ID)
    count = min(max(round(holdout * customers), 1), customers - 1)
    out = np.zeros(customers, dtype=np.bool_)
    out[np.random.default_rng(seed).permutation(customers)[:count]] = True
    return np.asarray(out[sets.customer])
