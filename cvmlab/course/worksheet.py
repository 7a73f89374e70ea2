"""The worksheet of a group's plan: what is still to be filled in, or the report (S26)."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeGuard
from urllib.parse import quote

from cvmlab.core.guarding import public
from cvmlab.core.progress import bar
from cvmlab.core.words import CvmError, language, say, term

from .replying import Feedback

PARTS = ("background", "analysis", "solutions", "insights")
#: A tariff above this many times the reference is a percentage taken for a factor.
_DEAREST = 1.5


@public
def export_plan(plan: object, measures: object, *, folder: str | Path = "plans") -> Feedback:
    """Write the report of a group's plan once its worksheet is filled in, with each measure tried in the market.

    Parameters
    ----------
    plan
        Texts under ``group`` (its name) and the book's four parts: ``background``, ``analysis``, ``solutions``,
        ``insights``.
    measures
        Name of a measure → fields of `cvmlab.market.Decision` that it changes, as in `cvmlab.market.try_measures`.
    folder
        Where the report's folder goes, beside the notebook.

    Returns
    -------
    Feedback
        What is still missing, what is wrong with a measure, or where the report lies. Without a group, a measure or
        any text no report is made; a part without a text is named as missing, here and in the report.

    Notes
    -----
    The report is that of `cvmlab.report.plan`: eight markets of 5,000 customers over 36 months from January 2011. It
    takes up to half a minute; a bar shows how far it is.

    Examples
    --------
    >>> parts = {"group": "Group 3", "background": "", "analysis": "", "solutions": "", "insights": ""}
    >>> export_plan(parts, {})
    **Not finished yet.** Still to fill in: Background, Analysis of the problems, Solutions, Insights, measures. ...
    """
    names = ("group", *PARTS)
    if not isinstance(plan, Mapping) or set(plan) != set(names) or not isinstance(measures, Mapping):
        return Feedback(say("feedback.plan_shape"))
    if not _are_measures(measures):
        wrong = next(str(name) for name, fields in measures.items() if not _is_measure(name, fields))
        return Feedback(say("feedback.plan_measure_shape", name=wrong))
    doubts = [said for name, fields in measures.items() if (said := _doubt(name, fields))]
    if doubts:
        return Feedback("\n\n".join(doubts))
    texts = {name: str(plan[name] or "").strip() for name in names}
    empty = [name for name in PARTS if not texts[name]]
    if not texts["group"] or not measures or len(empty) == len(PARTS):
        missing = [name for name in names if not texts[name]] + ([] if measures else ["measures"])
        return Feedback(say("feedback.plan_missing", parts=_listed(missing)))
    from cvmlab import report

    try:
        with bar() as progress:
            made = report.plan(
                texts["group"], measures, background=texts["background"], analysis=texts["analysis"],
                solutions=texts["solutions"], insights=texts["insights"], folder=folder, progress=progress,
            )  # fmt: skip
    except CvmError as problem:
        return Feedback(str(problem))
    sentences = [say("feedback.plan_made", page=made.html.as_posix(), link=quote(made.html.as_posix()))]
    if empty:
        sentences.append(say("feedback.plan_unwritten", parts=_listed(empty)))
    return Feedback("\n\n".join([*sentences, *made.notes]))


def _are_measures(measures: Mapping[object, object]) -> TypeGuard[Mapping[str, Mapping[str, object]]]:
    return all(_is_measure(name, fields) for name, fields in measures.items())


def _is_measure(name: object, fields: object) -> bool:
    return isinstance(name, str) and isinstance(fields, Mapping) and all(isinstance(field, str) for field in fields)


def _doubt(name: str, fields: Mapping[str, object]) -> str:
    """Return what is surely not meant in a measure, nothing if it can be tried."""
    from cvmlab.market.carrier import AS_BEFORE

    before = AS_BEFORE.values()
    for field in fields:
        near = difflib.get_close_matches(field, before, 1)
        if field not in before and near:
            return say("feedback.plan_field", name=name, field=field, near=near[0])
    if set(fields) <= set(before) and all(before[field] == value for field, value in fields.items()):
        return say("feedback.plan_nothing_new", name=name)
    if fields.get("handset_subsidy") and not fields.get("handset_offered"):
        return say("feedback.plan_not_sold", name=name)
    price = fields.get("price")
    if isinstance(price, int | float) and price > _DEAREST:
        return say("feedback.plan_price", name=name, price=f"{price:g}")
    return ""


def _listed(names: list[str]) -> str:
    words = [term(f"plan.{name}" if name in PARTS else f"feedback.plan_{name}") for name in names]
    return ("、" if language() == "zh" else ", ").join(words)
