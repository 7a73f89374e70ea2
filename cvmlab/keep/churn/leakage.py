"""Columns that know the answer, or know nothing: what a score must not be made from (S22, Beyond)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.guarding import public
from cvmlab.core.statistics import wilson_interval
from cvmlab.core.words import CvmError, say
from cvmlab.data.tables import CUSTOMER_ID, check_columns

from .features import MOST_LEVELS, Feature, as_texts, columns_asked, customers_with, encode
from .measuring import auc_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

#: A single honest column seldom ranks leavers this well.
KNOWS, _AT_LEAST = 0.97, 0.94
#: Customers that a value only leavers have must have, and the least share of them that left.
_ONLY_LEAVERS, _PURE = 30, 0.995
_FEW_FILLED = 10
#: Share that is not in the largest value, and customers, below which a column says next to nothing.
_FEW_DIFFERENT, _FEWEST_DIFFERENT = 0.05, 10
_MOST_NUMBERS = 60
_CLOSE = 0.99
_OUTCOME = re.compile(r"churn|cancel|terminat|win.?back|attrition|流失|离网|销户|退订|解约|挽回", re.IGNORECASE)
_REASON = re.compile(r"reason|cause|原因|理由", re.IGNORECASE)
_ID = re.compile(r"(^|[^a-z])(id|ids|uuid|no|number|code|key|phone|account|e?mail)($|[^a-z])|编号|号码|电话|账号|邮箱")

#: What is left out of a score; the other findings are kept, with a word.
LEFT_OUT = (
    "knows_answer", "filled_for_leavers", "empty_for_leavers", "only_leavers", "named_outcome", "after_leaving",
    "identifier", "constant", "nearly_constant", "same_twice",
)  # fmt: skip


@public
def find_leakage(customers: AnyFrame, *, left: str = "left", left_date: str | None = None) -> pd.DataFrame:
    """Return the columns that know who left, or that say nothing, and what `score_churn` does with them.

    Parameters
    ----------
    customers
        One row per customer, a frame of any engine: ``customer_id``, who left, and the columns to look at.
    left
        Column that is True for customers who left.
    left_date
        Column of the date on which a customer left, if there is one: other dates are compared with it.

    Returns
    -------
    pandas.DataFrame
        A row per finding, the most harmful first: ``column``, ``finding`` (below), ``strength``, ``done`` (``left_out``
        or ``kept``) and ``why``, a sentence in the language in use. No row for a column with nothing to report.

    Raises
    ------
    CvmError
        As `score_churn`, but a few leavers are enough.

    Notes
    -----
    ``knows_answer``: the column alone ranks leavers above the others (AUC, the strength, of 0.97 or more, and of 0.94
    at the lower end of its 95% interval).
    ``filled_for_leavers``, ``empty_for_leavers``: (nearly) all customers with a value, or without one, left; strength
    is the share of them that left. ``only_leavers``: the same for a value that at least 30 customers have.
    ``empty_if_left``: no leaver has a value, but at least half of the others do (strength); kept.
    ``named_outcome``: the name speaks of the outcome, such as a churn score, a reason for leaving (strength is the
    AUC). ``after_leaving``: leavers have dates after the day they left (share of those with a date).
    ``identifier``: a value of its own for nearly every customer (share that differs). ``constant``,
    ``nearly_constant``: one value (share that has it). ``same_twice``: an earlier column by another name or unit.
    ``numbers_as_text``: read as numbers (share that can be). ``product``: about one column times another (R² of the
    logarithms), so that what a driver does is split among three; kept.
    *Assumed*: an honest column does not rank leavers with an AUC of 0.97. A column that was filled in after leaving,
    but less tellingly, is not found: ask for each column when it was written.
    Kaufman, Rosset & Perlich (2012) give the reasoning.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> left = np.arange(100) % 4 == 0
    >>> customers = pd.DataFrame({"customer_id": [f"c{n}" for n in range(100)], "left": left,
    ...                           "visits": np.arange(100) % 7, "final_bill": np.where(left, 20.0, np.nan)})
    >>> find_leakage(customers)[["column", "finding", "done"]].values.tolist()
    [['final_bill', 'knows_answer', 'left_out']]
    """
    ordered, gone = customers_with(customers, left, () if left_date is None else (left_date,))
    if gone.all() or not gone.any():
        raise CvmError("churn.everybody_left" if gone.all() else "churn.nobody_left", column=left)
    if left_date is not None:
        check_columns(ordered, [left_date])
        if left_date in (left, CUSTOMER_ID):
            raise CvmError("churn.not_a_date", column=left_date)
    names = columns_asked(ordered, None, (), (CUSTOMER_ID, left))
    return left_out_of(encode(ordered, names), ordered, gone, left_date=left_date)


def left_out_of(
    features: list[Feature],
    customers: pd.DataFrame,
    gone: Flags,
    *,
    asked: bool = False,
    left_date: str | None = None,
) -> pd.DataFrame:
    """Return what there is to report of some columns; of those that were asked for by name, none is left out."""
    import pandas as pd

    found: list[tuple[str, str, float, dict[str, object]]] = []
    seen: dict[bytes, str] = {}
    for feature in features:
        column = customers[feature.name]
        name, finding, strength, said = _about(feature, column, gone)
        if not finding and left_date is not None and left_date != name:
            finding, strength, said = _after(column, customers[left_date], gone)
        if not finding:
            key = _fingerprint(feature)
            if key in seen:
                finding, strength, said = "same_twice", 1.0, {"other": seen[key]}
            seen.setdefault(key, feature.name)
        if finding:
            found.append((feature.name, finding, strength, said))
        if feature.was_text and finding != "identifier":
            found.append((feature.name, "numbers_as_text", float((~np.isnan(feature.figures)).mean()), {}))
    bad = {name for name, finding, _, _ in found if finding in LEFT_OUT}
    found += _products([one for one in features if one.name not in bad])
    place = {finding: number for number, finding in enumerate((*LEFT_OUT, "empty_if_left"))}
    found.sort(key=lambda one: (place.get(one[1], len(place)), -one[2], one[0]))
    rows = [
        {
            "column": name,
            "finding": finding,
            "strength": strength,
            "done": "left_out" if finding in LEFT_OUT and not asked else "kept",
            "why": say(f"churn.finding_{finding}", strength=strength, **said),
        }
        for name, finding, strength, said in found
    ]
    frame = pd.DataFrame(rows, columns=["column", "finding", "strength", "done", "why"])
    return frame if rows else frame.astype({"strength": float})


Finding = tuple[str, str, float, dict[str, object]]
_NOTHING: tuple[str, float, dict[str, object]] = ("", 0.0, {})


def _about(feature: Feature, column: pd.Series[Any], gone: Flags) -> Finding:
    """Return the first thing to report of a column by itself."""
    name = feature.name
    texts = as_texts(column) if feature.kind == "text" else None
    missing = texts.isna().to_numpy() if texts is not None else np.isnan(feature.figures)
    kinds = int(texts.nunique() if texts is not None else len(np.unique(feature.figures[~missing])))
    if kinds + missing.any() <= 1:
        return name, "constant", 1.0, {}
    filled = int((~missing).sum())
    many = texts is not None and kinds > 0.5 * filled and kinds > 50
    ranks = _ranks(feature, missing, gone, texts if many else None)
    if ranks >= KNOWS and ranks - 2 * _auc_error(ranks, gone) >= _AT_LEAST:
        return name, "knows_answer", ranks, {}
    for finding, strength, said in (*_by_gaps(missing, gone), *_by_level(feature, gone)):
        return name, finding, strength, said
    if _OUTCOME.search(str(name)) or (_REASON.search(str(name)) and re.search(r"leav|left|stated|exit", str(name))):
        return name, "named_outcome", ranks, {}
    if _is_id(feature, kinds, filled, many=many):
        return name, "identifier", kinds / filled, {}
    counts = np.bincount(_codes(feature, missing))
    most, others = counts.max() / len(gone), len(gone) - counts.max()
    if feature.kind == "text" and not others and kinds > 1:
        # no value is shared by as many as a level needs
        return name, "identifier", float((texts.value_counts() == 1).sum() / filled) if texts is not None else 0.0, {}
    if others < _FEWEST_DIFFERENT and others < _FEW_DIFFERENT * len(gone):
        return name, "nearly_constant", float(most), {"others": int(others)}
    with_value = gone[~missing]
    stayers_filled = float((~missing)[~gone].mean())
    if not with_value.any() and stayers_filled >= 0.5 and gone.sum() >= _ONLY_LEAVERS:
        return name, "empty_if_left", stayers_filled, {}
    return name, *_NOTHING


def _codes(feature: Feature, missing: Flags) -> NDArray[np.int64]:
    """Return for each customer the place of the value among all of the column."""
    figures = np.where(missing, np.inf, feature.figures)
    codes: NDArray[np.int64] = np.unique(figures, return_inverse=True)[1]
    return codes


def _ranks(feature: Feature, missing: Flags, gone: Flags, ids: pd.Series[Any] | None) -> float:
    """Return the AUC of a column by itself: of its figures either way, and of the share that left in its bands."""
    if ids is not None:
        return max(0.5, auc_of(missing.astype(np.float64), gone), auc_of(-missing.astype(np.float64), gone))
    by_band = _band_auc(feature, gone)
    if feature.kind == "text":
        return by_band
    # empty cells may be those of leavers, or those of the others
    ends = (-np.inf, np.inf) if missing.any() else (0.0,)
    either = [auc_of(np.where(missing, end, feature.figures), gone) for end in ends]
    return max(by_band, *(max(one, 1 - one) for one in either))


def _auc_error(auc: float, gone: Flags) -> float:
    """Return the standard error of an AUC (Hanley & McNeil 1982)."""
    leavers = float(gone.sum())
    stayers = len(gone) - leavers
    of_leavers, of_stayers = auc / (2 - auc) - auc**2, 2 * auc**2 / (1 + auc) - auc**2
    variance = auc * (1 - auc) + (leavers - 1) * of_leavers + (stayers - 1) * of_stayers
    return float(np.sqrt(max(variance, 0.0) / (leavers * stayers)))


def _band_auc(feature: Feature, gone: Flags) -> float:
    """Return the AUC of the share that left in each band, of one half of the customers by the rates of the other."""
    half = np.empty(len(gone), dtype=np.int64)
    for those in (gone, ~gone):
        half[those] = np.arange(those.sum()) % 2
    codes = 2 * feature.banded(feature.figures).astype(np.int64) + half
    count = np.bincount(codes, minlength=2 * feature.bands).astype(np.float64)
    leavers = np.bincount(codes, weights=gone, minlength=2 * feature.bands)
    rates = (leavers + 5 * gone.mean()) / (count + 5)
    # the other half of the same band
    scores = rates.reshape(-1, 2)[:, ::-1].ravel()
    order = np.unique(scores, return_inverse=True)[1]
    won, lost = np.bincount(order, leavers), np.bincount(order, count - leavers)
    below = np.cumsum(lost) - lost
    return float((won * (below + lost / 2)).sum() / (won.sum() * lost.sum()))


def _by_gaps(missing: Flags, gone: Flags) -> list[tuple[str, float, dict[str, object]]]:
    """Report a column that is filled in, or empty, for leavers only."""
    found: list[tuple[str, float, dict[str, object]]] = []
    for finding, those in (("filled_for_leavers", ~missing), ("empty_for_leavers", missing)):
        count = int(those.sum())
        if _FEW_FILLED <= count < len(gone) and gone.mean() < 0.7 and gone[those].mean() >= _PURE:
            found.append((finding, float(gone[those].mean()), {"count": count}))
    return found


def _by_level(feature: Feature, gone: Flags) -> list[tuple[str, float, dict[str, object]]]:
    """Report a text or a flag with a value that only leavers have."""
    if feature.kind not in ("text", "flag") or gone.mean() >= 0.7:
        return []
    for place, level in enumerate(feature.levels or (say("churn.flag_no"), say("churn.flag_yes"))):
        those = feature.figures == place
        count = int(those.sum())
        if count < _ONLY_LEAVERS:
            continue
        share = gone[those].mean()
        low = wilson_interval(np.array([share]), np.array([count]))[0][0]
        if share >= _PURE and low >= 0.88:
            return [("only_leavers", float(share), {"value": level, "count": count})]
    return []


def _is_id(feature: Feature, kinds: int, filled: int, *, many: bool) -> bool:
    if feature.kind == "text":
        return many
    if feature.kind != "number" or kinds < 0.95 * filled or filled < 20:
        return False
    known = feature.figures[~np.isnan(feature.figures)]
    if (known != np.floor(known)).any():
        return False
    # digits kept as text, numbered through, or called an id
    numbered = bool(known.max() - known.min() < 1.1 * filled)
    return feature.was_text or numbered or bool(_ID.search(str(feature.name).lower()))


def _after(column: pd.Series[Any], left_date: pd.Series[Any], gone: Flags) -> tuple[str, float, dict[str, object]]:
    """Report dates of leavers that lie after the day they left."""
    import pandas as pd

    if not pd.api.types.is_datetime64_any_dtype(column) and pd.api.types.infer_dtype(column) not in (
        "date",
        "datetime",
    ):
        return _NOTHING
    dates, ends = (pd.to_datetime(one, errors="coerce", utc=True) for one in (column, left_date))
    both = dates.notna().to_numpy() & ends.notna().to_numpy() & gone
    late = (dates > ends).to_numpy() & both
    if both.any() and late.sum() >= 3 and late.sum() >= 0.01 * both.sum():
        return "after_leaving", float(late.sum() / both.sum()), {"count": int(late.sum())}
    return _NOTHING


def _fingerprint(feature: Feature) -> bytes:
    """Return the same bytes for columns that say the same: another name of each level, another unit of a number."""
    import pandas as pd

    codes, different = pd.factorize(feature.figures)
    if feature.kind == "text" or len(different) <= MOST_LEVELS:
        return b"t" + codes.astype(np.int32).tobytes()
    figures = feature.figures
    known = figures[~np.isnan(figures)]
    spread = known.std() or 1.0
    units = (figures - known.mean()) / spread
    first = units[~np.isnan(units)][np.abs(units[~np.isnan(units)]).argmax()]
    rounded: bytes = np.round(units * np.sign(first), 6).tobytes()
    return b"n" + rounded


def _products(features: list[Feature]) -> list[Finding]:
    """Report numbers that are about one column times another, such as a total."""
    positive = [one for one in features if one.kind == "number" and np.nanmin(one.figures) >= 0][:_MOST_NUMBERS]
    if len(positive) < 3:
        return []
    figures = np.column_stack([one.figures for one in positive])
    whole = (figures > 0).all(1)
    if whole.sum() < 30:
        return []
    shared = np.cov(np.log(figures[whole]), rowvar=False)
    found: list[Finding] = []
    sizes = np.diag(shared)
    for total in np.flatnonzero(sizes > 0).tolist():
        rest = [place for place in range(len(positive)) if place != total and sizes[place] > 0]
        for at, one in enumerate(rest):
            for other in rest[at + 1 :]:
                parts = sizes[one] + sizes[other] + 2 * shared[one, other]
                off = sizes[total] + parts - 2 * (shared[total, one] + shared[total, other])
                alone = max(shared[total, part] ** 2 / sizes[part] for part in (one, other)) / sizes[total]
                if off <= (1 - _CLOSE) * sizes[total] and alone < _CLOSE:
                    said: dict[str, object] = {"first": positive[one].name, "second": positive[other].name}
                    found.append((positive[total].name, "product", float(1 - off / sizes[total]), said))
                    break
            else:
                continue
            break
    return found
