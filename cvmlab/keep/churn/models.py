"""Four models of who leaves, from the simplest on, and their predictions for customers they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .features import Feature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]
    Flags = NDArray[np.bool_]

#: From the simplest to the most flexible.
MODELS = ("base_rate", "rate_table", "logistic", "boosted")
#: Columns that a model gets, those in whose bands the shares of leavers differ most.
MOST_COLUMNS = 50
#: Customers with the average rate that are added to each cell of a table of rates.
PRIOR_CUSTOMERS = 10
FOLDS = 5
_INNER_FOLDS = 3
#: Below so many customers one thread is faster than several that wait for each other.
_WORTH_THREADS = 100_000


@dataclass(frozen=True)
class Table:
    """Features side by side: figures and bands, shape (customers, features)."""

    features: tuple[Feature, ...]
    figures: Floats
    codes: NDArray[np.uint8]

    @staticmethod
    def of(features: Sequence[Feature]) -> Table:
        """Return the table of some features, all of the same customers."""
        figures = np.column_stack([one.figures for one in features])
        codes = np.column_stack([one.banded(one.figures) for one in features])
        return Table(tuple(features), np.asfortranarray(figures), np.asfortranarray(codes))


@dataclass(frozen=True)
class Fitted:
    """A model that has been fitted: the columns it looks at, and what it says of figures in these columns."""

    columns: Places
    predict: Callable[[Floats], Floats]

    def of(self, figures: Floats) -> Floats:
        """Return the probabilities of rows of the whole table."""
        return self.predict(figures[:, self.columns])


@contextmanager
def few_threads(customers: int) -> Iterator[None]:
    """Let a model of few customers run on one thread."""
    # only what has been loaded can be held to one thread
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1 if customers < _WORTH_THREADS else None):
        yield


def folds_of(strata: Places, folds: int, seed: int) -> Places:
    """Return a fold for each row, drawn so that every stratum is spread evenly."""
    draw = np.random.default_rng(seed)
    order = np.lexsort((draw.random(len(strata)), strata))
    fold = np.empty(len(strata), dtype=np.int64)
    fold[order] = np.arange(len(strata)) % folds
    return fold


def gains(table: Table, rows: Places, left: Flags) -> Floats:
    """Return for each column how much its bands lower the log loss per customer, less what chance alone would."""
    outcome = left[rows].astype(np.int64)
    codes = (table.codes[rows, place] for place in range(len(table.features)))
    pairs = zip(codes, table.features, strict=True)
    return np.array([_gain(code, outcome, feature.bands) for code, feature in pairs])


def _gain(codes: NDArray[Any], outcome: Places, bands: int) -> float:
    count = np.bincount(codes.astype(np.int64) * 2 + outcome, minlength=2 * bands).reshape(-1, 2).astype(np.float64)
    here = count.sum(1)
    total = count.sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.nansum(count * np.log(count / here[:, None]))
        overall = np.nansum(total * np.log(total / total.sum()))
    return float((inside - overall - ((here > 0).sum() - 1) / 2) / max(total.sum(), 1))


def best_columns(table: Table, rows: Places, left: Flags) -> Places:
    """Return the columns a model gets, the best first."""
    found = gains(table, rows, left)
    return np.argsort(-found, kind="stable")[:MOST_COLUMNS]


def fit_base_rate(table: Table, rows: Places, left: Flags, columns: Places, seed: int) -> Fitted:
    """Give everybody the share of all who left."""
    rate = float(left[rows].mean())
    return Fitted(columns[:0], lambda figures: np.full(len(figures), rate))


def rate_table_columns(table: Table, rows: Places, left: Flags, columns: Places) -> Places:
    """Return the one or two columns whose cells part leavers from stayers best."""
    outcome = left[rows].astype(np.int64)
    candidates = columns[:10]
    first = int(candidates[0])
    best, pair = gains(_only(table, [first]), rows, left)[0], [first]
    bands = table.features[first].bands
    for other in candidates[1:].tolist():
        joint = table.codes[rows, first].astype(np.int64) + bands * table.codes[rows, other].astype(np.int64)
        gain = _gain(joint, outcome, bands * table.features[other].bands)
        if gain > best:
            best, pair = gain, [first, other]
    return np.array(pair)


def _only(table: Table, places: Sequence[int]) -> Table:
    return Table(tuple(table.features[place] for place in places), table.figures[:, places], table.codes[:, places])


def fit_rate_table(table: Table, rows: Places, left: Flags, columns: Places, seed: int) -> Fitted:
    """Give everybody the share that left in their cell of a table of one or two columns."""
    pair = rate_table_columns(table, rows, left, columns)
    features = [table.features[place] for place in pair]

    def cell(figures: Floats) -> Places:
        code = np.zeros(len(figures), dtype=np.int64)
        for place, feature in enumerate(features):
            code = code * feature.bands + feature.banded(figures[:, place])
        return code

    cells = int(np.prod([feature.bands for feature in features]))
    code = cell(table.figures[np.ix_(rows, pair)])
    base = left[rows].mean()
    count = np.bincount(code, minlength=cells)
    leavers = np.bincount(code, weights=left[rows], minlength=cells)
    rate = (leavers + PRIOR_CUSTOMERS * base) / (count + PRIOR_CUSTOMERS)
    return Fitted(pair, lambda figures: rate[cell(figures)])


def fit_logistic(table: Table, rows: Places, left: Flags, columns: Places, seed: int) -> Fitted:
    """Fit a logistic regression: numbers standardised, an effect for each level of a text and for empty cells."""
    from sklearn.linear_model import LogisticRegression

    features = [table.features[place] for place in columns]
    known = table.figures[np.ix_(rows, columns)]
    scales = [None if one.kind == "text" else _scale(known[:, place]) for place, one in enumerate(features)]

    def design(figures: Floats) -> Floats:
        parts = []
        for place, (feature, scale) in enumerate(zip(features, scales, strict=True)):
            column = figures[:, place]
            missing = np.isnan(column)
            if scale is None:
                parts.append((column[:, None] == np.arange(len(feature.levels))).astype(np.float64))
            else:
                low, high, mean, spread = scale
                parts.append(np.where(missing, 0.0, (np.clip(column, low, high) - mean) / spread)[:, None])
            parts.append(missing[:, None].astype(np.float64))
        return np.hstack(parts)

    model = LogisticRegression(C=0.5, max_iter=2_000).fit(design(known), left[rows])
    return Fitted(columns, lambda figures: model.predict_proba(design(figures))[:, 1])


def _scale(column: Floats) -> tuple[float, float, float, float]:
    """Return bounds beyond which a number is cut off, mean and standard deviation within them."""
    known = column[~np.isnan(column)]
    if not len(known):
        return 0.0, 0.0, 0.0, 1.0
    # the few far above all others would decide on the slope of everybody
    low, high = np.quantile(known, (0.01, 0.99)) if len(np.unique(known)) > 2 else (known.min(), known.max())
    cut = np.clip(known, low, high)
    return float(low), float(high), float(cut.mean()), float(cut.std()) or 1.0


def fit_boosted(table: Table, rows: Places, left: Flags, columns: Places, seed: int) -> Fitted:
    """Fit boosted trees, which find bends and interactions by themselves."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    is_text = [table.features[place].kind == "text" for place in columns]
    model = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.07, max_leaf_nodes=8, min_samples_leaf=20, l2_regularization=1.0,
        categorical_features=is_text, early_stopping=False, random_state=seed % 2**32,
    ).fit(table.figures[np.ix_(rows, columns)], left[rows])  # fmt: skip
    return Fitted(columns, lambda figures: model.predict_proba(figures)[:, 1])


FITS = {"base_rate": fit_base_rate, "rate_table": fit_rate_table, "logistic": fit_logistic, "boosted": fit_boosted}


def bounded(chance: Floats, customers: int) -> Floats:
    """Keep probabilities away from 0 and 1 by half a customer in those a model was fitted on."""
    least = 0.5 / max(customers, 1)
    kept: Floats = np.clip(chance, least, 1 - least)
    return kept


def calibrated(name: str, table: Table, rows: Places, left: Flags, columns: Places, seed: int) -> dict[str, Fitted]:
    """Return a model fitted on some rows as it is, and corrected by what it says of rows it has not seen."""
    plain = FITS[name](table, rows, left, columns, seed)
    fold = folds_of(left[rows].astype(np.int64), _INNER_FOLDS, seed)
    unseen = np.empty(len(rows))
    for number in range(_INNER_FOLDS):
        part = FITS[name](table, rows[fold != number], left, columns, seed)
        unseen[fold == number] = part.of(table.figures[rows[fold == number]])
    found = {"none": plain}
    for method, curve in _corrections(bounded(unseen, len(rows)), left[rows]).items():
        found[method] = _corrected(plain, curve, len(rows))
    return found


def _corrected(plain: Fitted, curve: Callable[[Floats], Floats], customers: int) -> Fitted:
    return Fitted(plain.columns, lambda figures: curve(bounded(plain.predict(figures), customers)))


def _corrections(unseen: Floats, left: Flags) -> dict[str, Callable[[Floats], Floats]]:
    """Return two curves from a stated probability to the share that left (Platt 1999; Zadrozny & Elkan 2002)."""
    from scipy.special import logit
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression

    steps = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(unseen, left)
    curve = LogisticRegression(C=1e6, max_iter=1_000).fit(logit(unseen)[:, None], left)
    return {
        "sigmoid": lambda chance: curve.predict_proba(logit(chance)[:, None])[:, 1],
        "isotonic": lambda chance: steps.predict(chance),
    }
