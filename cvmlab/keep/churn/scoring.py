"""How likely each customer is to leave, said by a model that has not seen the customer, and how good it is (S22)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.guarding import public
from cvmlab.core.progress import steps
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID

from .drivers import drivers_of
from .features import columns_asked, customers_with, encode
from .leakage import left_out_of
from .measuring import auc_of, brier_of, calibration_of, lift_of, log_losses
from .models import (
    FITS,
    FOLDS,
    MODELS,
    Fitted,
    Table,
    best_columns,
    bounded,
    calibrated,
    few_threads,
    folds_of,
    rate_table_columns,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Below this many leavers, or customers who stayed, no score can be tested.
FEWEST = 10
#: Standard errors by which a model has to be better than giving everybody the same probability.
_CLEARLY = 2.0


@dataclass(frozen=True)
class ChurnScores:
    """How likely each customer is to leave, and how far this can be trusted; see `score_churn`."""

    scores: pd.DataFrame
    model: str
    quality: pd.DataFrame
    calibration: pd.DataFrame
    lift: pd.DataFrame
    drivers: pd.DataFrame
    features: tuple[str, ...]
    rate_table: tuple[str, ...]
    left_out: pd.DataFrame


@public
def score_churn(
    customers: AnyFrame,
    *,
    left: str = "left",
    features: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    seed: int = 1,
) -> ChurnScores:
    """Return how likely each customer is to leave, said by the simplest of four models that is as good as the best.

    Parameters
    ----------
    customers
        One row per customer, a frame of any engine: ``customer_id``, who left, and columns of any kind. Numbers, yes or
        no, dates (their age counts) and texts (levels with few customers are one) are all used; cells may be empty.
    left
        Column that is True for customers who left.
    features
        Columns to use; all others if left out, except those `find_leakage` leaves out.
    exclude
        Columns not to use.
    seed
        Fixes who is in which fold.

    Returns
    -------
    ChurnScores
        ``scores``: ``customer_id``, ``churn_probability`` (share of 1, from a model fitted without this customer) and
        ``left``, in the order of the customers.
        ``model``: the model taken, ``base_rate`` (everybody alike), ``rate_table`` (share that left in the cells of
        the two columns named in ``rate_table``), ``logistic`` (regression) or ``boosted`` (trees).
        ``quality``: a row per model: ``model``, ``brier`` (mean squared error), ``brier_skill`` (share of the base
        rate's Brier score that is saved), ``log_loss``, ``behind_best`` (log loss more than the best model) and its
        ``standard_error``, ``auc`` (chance that a leaver has a higher score than a customer who stayed),
        ``correction`` (``none``, ``sigmoid`` or ``isotonic``) and ``chosen``.
        ``calibration``: ``predicted``, ``observed``, ``low``, ``high`` (95%, Wilson), ``customers``, by tenths of the
        customers in the order of their score.
        ``lift``: ``tenth`` (1 has the highest scores), ``customers``, ``left``, ``churn_rate``, ``lift`` (times the
        average), ``captured`` (share of all leavers so far).
        ``drivers``: ``feature``, ``level``, ``value`` (of a number, else NaN), ``churn_probability`` (average if
        everybody had this value), ``customers`` (who have it), ``moves`` (how far scores move on average when the
        feature is shuffled); shares of 1, strongest feature first. Only features without which predictions for unseen
        customers get worse.
        ``features``: columns used. ``left_out``: those that were not, as `find_leakage` returns them.

    Raises
    ------
    CvmError
        For a missing column, an id twice, a column of leavers that is not True and False, and fewer than 10
        customers who left or who stayed.

    Notes
    -----
    Five folds; nobody is scored by a model that saw them (with ``base_rate`` all have the rate of all). Of the models
    whose log loss is within one standard error (over customers, paired) of the best, the simplest is taken; the base
    rate if the best is not better than it by two. Boosted
    trees are corrected by a logistic or an isotonic curve, fitted on predictions for rows the trees have not seen,
    where this lowers the Brier score by more than a standard error. Each model gets the 50 columns whose bands
    part leavers from stayers best, chosen anew in each fold.
    *Assumed*: what the columns say was known before anybody left, and customers will go on leaving as they did.
    A driver goes with leaving; that changing it would keep anybody does not follow. Who is likely to leave is not
    who should get an offer: see `uplift`.
    Brier (1950); Platt (1999); Zadrozny & Elkan (2002); partial dependence: Friedman (2001).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> draw = np.random.default_rng(3)
    >>> monthly = draw.random(120) < 0.5
    >>> customers = pd.DataFrame({"customer_id": [f"c{number}" for number in range(120)], "monthly": monthly,
    ...                           "visits": draw.poisson(4, 120), "left": draw.random(120) < 0.1 + 0.5 * monthly})
    >>> found = score_churn(customers)
    >>> found.model, found.scores["churn_probability"].groupby(customers["monthly"]).mean().round(2).tolist()
    ('logistic', [0.13, 0.51])
    """
    ordered, gone = customers_with(customers, left)
    _check_enough(gone, left)
    names = columns_asked(ordered, features, exclude, (CUSTOMER_ID, left))
    found = encode(ordered, names)
    out = left_out_of(found, ordered, gone, asked=features is not None)
    dropped = set(out.loc[out["done"] == "left_out", "column"])
    kept = [one for one in found if one.name not in dropped]
    if not kept:
        raise CvmError("churn.nothing_left", columns=", ".join(map(str, names[:5])))
    table = Table.of(kept)
    with few_threads(len(gone)):
        return _scored(table, ordered, gone, seed, out)


def _scored(table: Table, ordered: pd.DataFrame, gone: NDArray[np.bool_], seed: int, out: pd.DataFrame) -> ChurnScores:
    """Return the scores of a table whose columns have been chosen."""
    fold = folds_of(gone.astype(np.int64), FOLDS, seed)
    unseen, fitted = _cross_fitted(table, gone, fold, seed)
    quality = _quality(unseen, gone)
    chosen = quality.loc[quality["chosen"]].iloc[0]
    name = str(chosen["model"])
    chance = unseen[name][str(chosen["correction"])]
    everyone = np.arange(len(gone))
    return ChurnScores(
        scores=_in_rows(ordered, churn_probability=chance, left=gone),
        model=name,
        quality=quality,
        calibration=calibration_of(chance, gone),
        lift=lift_of(chance, gone),
        drivers=drivers_of(table, gone, fold, [models[str(chosen["correction"])] for models in fitted[name]], seed),
        features=tuple(one.name for one in table.features),
        rate_table=tuple(
            table.features[place].name
            for place in rate_table_columns(table, everyone, gone, best_columns(table, everyone, gone))
        ),
        left_out=out[out["done"] == "left_out"].reset_index(drop=True),
    )


def _check_enough(gone: NDArray[np.bool_], left: str) -> None:
    leavers, stayers = int(gone.sum()), int((~gone).sum())
    if not leavers or not stayers:
        raise CvmError("churn.nobody_left" if not leavers else "churn.everybody_left", column=left)
    if min(leavers, stayers) < FEWEST:
        raise CvmError("churn.too_few", left=leavers, stayed=stayers, fewest=FEWEST)


def _cross_fitted(
    table: Table, gone: NDArray[np.bool_], fold: NDArray[np.int64], seed: int
) -> tuple[dict[str, dict[str, Floats]], dict[str, list[dict[str, Fitted]]]]:
    """Return for each model and correction the probabilities of customers it has not seen, and the models by fold."""
    unseen: dict[str, dict[str, Floats]] = {name: {} for name in MODELS}
    fitted: dict[str, list[dict[str, Fitted]]] = {name: [] for name in MODELS}
    for number in steps(range(FOLDS), FOLDS, "churn.scoring"):
        rows, others = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        columns = best_columns(table, rows, gone)
        for name in MODELS:
            if name == "boosted":
                models = calibrated(name, table, rows, gone, columns, seed)
            else:
                models = {"none": FITS[name](table, rows, gone, columns, seed)}
            fitted[name].append(models)
            for method, model in models.items():
                into = unseen[name].setdefault(method, np.full(len(gone), np.nan))
                into[others] = bounded(model.of(table.figures[others]), len(rows))
    # folds differ by less than a customer, and a rank by such differences would be wrong on purpose
    unseen["base_rate"]["none"][:] = gone.mean()
    return unseen, fitted


def _quality(unseen: dict[str, dict[str, Floats]], gone: NDArray[np.bool_]) -> pd.DataFrame:
    """Return how good each model is for customers it has not seen, and which one is taken."""
    import pandas as pd

    corrections = {name: _correction(by_method, gone) for name, by_method in unseen.items()}
    chance = {name: unseen[name][method] for name, method in corrections.items()}
    losses = np.array([log_losses(chance[name], gone) for name in MODELS])
    best = int(losses.mean(1).argmin())
    behind = losses - losses[best]
    error = [_error_of(row) for row in behind]
    base = brier_of(chance["base_rate"], gone)
    taken = _simplest(losses, best)
    return pd.DataFrame(
        {
            "model": MODELS,
            "brier": [brier_of(chance[name], gone) for name in MODELS],
            "brier_skill": [1 - brier_of(chance[name], gone) / base for name in MODELS],
            "log_loss": losses.mean(1),
            "behind_best": behind.mean(1),
            "standard_error": error,
            "auc": [auc_of(chance[name], gone) for name in MODELS],
            "correction": [corrections[name] for name in MODELS],
            "chosen": np.arange(len(MODELS)) == taken,
        }
    )


def _simplest(losses: Floats, best: int) -> int:
    """Return the simplest model within a standard error of the best; the base rate if none is clearly better."""
    saved = losses[0] - losses[best]
    if saved.mean() <= _CLEARLY * _error_of(saved):
        return 0
    behind = losses - losses[best]
    return next(place for place in range(1, len(losses)) if behind[place].mean() <= _error_of(behind[place]))


def _error_of(figures: Floats) -> float:
    """Return the standard error of a mean."""
    return float(figures.std(ddof=1) / np.sqrt(len(figures)))


def _correction(by_method: dict[str, Floats], gone: NDArray[np.bool_]) -> str:
    """Return the correction with the lowest Brier score, none if that is not lower by more than its error."""
    errors = {method: (chance - gone) ** 2 for method, chance in by_method.items()}
    best = min(errors, key=lambda method: float(errors[method].mean()))
    saved = errors["none"] - errors[best]
    return best if saved.mean() > _error_of(saved) else "none"


def _in_rows(ordered: pd.DataFrame, **columns: NDArray[Any]) -> pd.DataFrame:
    """Return columns beside the ids, in the order in which the customers came."""
    import pandas as pd

    ids = ordered[CUSTOMER_ID].astype("str").to_numpy()
    return pd.DataFrame({CUSTOMER_ID: ids, **columns}, index=ordered.index).sort_index()
