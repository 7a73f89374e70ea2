"""The report of a group's plan for the carrier: its worksheet filled in, each measure tried (S26)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from cvmlab.core.guarding import public
from cvmlab.core.words import language as language_in_force
from cvmlab.core.words import say, speaking
from cvmlab.market.carrier import AS_BEFORE

from .placing import as_folder, edited, kept_as, put_in_place, report_folder
from .result import Progress, Result
from .running import fill

_TEMPLATE = "plan_report.ipynb"


@public
def plan(
    group: str,
    measures: Mapping[str, Mapping[str, object]],
    *,
    background: str = "",
    analysis: str = "",
    solutions: str = "",
    insights: str = "",
    base: Literal["as_before", "late_answer"] = "as_before",
    start: int = 24,
    months: int = 36,
    customers: int = 5_000,
    seeds: int = 8,
    discount_rate: float = 0.1,
    currency: str = "¥",
    folder: str | Path = "reports",
    name: str | None = None,
    language: str | None = None,
    pdf: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Make the report of a plan against losing customers: the book's four parts, and each measure tried in the market.

    Parameters
    ----------
    group
        Who wrote the plan; heads the page.
    measures
        Name of a measure → fields of `cvmlab.market.Decision` that it changes, as in `cvmlab.market.try_measures`. A
        measure that changes ``win_back_offer`` is a win-back measure, the others are prevention.
    background, analysis, solutions, insights
        Texts of the four parts, in the group's words; an empty line begins a new paragraph. A part without a text
        is named as missing.
    base
        What the carrier does otherwise: nothing new, or the answer it gave from January 2011 on.
    start, months, customers, seeds, discount_rate
        How the measures are tried, as in `cvmlab.market.try_measures`.
    currency
        Sign of the currency.
    folder, name, language, pdf, progress
        As in `run`; the name is by default the group's.

    Returns
    -------
    Result
        Its folder holds ``report.html``, ``report.ipynb``, ``measures.csv``, ``figures/`` and ``case.json``.

    Raises
    ------
    CvmError
        For a measure that cannot be tried, and for what `run` refuses of a folder.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> measures = {"faster network": {"network_quality": 1.6}, "offer": {"win_back_offer": 40}}
    >>> with TemporaryDirectory() as folder:
    ...     made = plan("Group 3", measures, background="Four customers left in one week.", folder=folder,
    ...                 customers=500, months=6, seeds=2)
    ...     made.html.name, made.folder.name
    ('report.html', 'Group 3')
    """
    for fields in measures.values():
        # a wrong field is refused before a kernel is started
        AS_BEFORE.replace(**fields)
    target = report_folder(folder, as_folder(group) if name is None else name)
    with speaking(language or language_in_force()), put_in_place(target) as work:
        texts = {"background": background, "analysis": analysis, "solutions": solutions, "insights": insights}
        tried = {"start": start, "months": months, "customers": customers, "seeds": seeds}
        asked = {
            "title": group, "measures": {one: dict(fields) for one, fields in measures.items()}, **texts,
            "base": base, **tried, "discount_rate": discount_rate, "currency": currency,
        }  # fmt: skip
        made = fill(work, "carrier", asked, template=_TEMPLATE, pdf=pdf, progress=progress)
        kept = [say("report.edited_kept", file=path.name, kept=kept_as(path)) for path in edited(target)]
    return dataclasses.replace(
        made, folder=target, pdf=target / "report.pdf" if made.pdf else None, notes=(*made.notes, *kept)
    )
