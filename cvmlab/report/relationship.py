"""The report's sections on stages and patterns, only where the data support them (S01, S04).

Where they do not (`cvmlab.case.stage_evidence`), the section is one paragraph that says what is missing; where
newcomers do not come to buy more, it reports only which customers have ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cvmlab import charts
from cvmlab.case.stage_evidence import (
    LEAST_RISE,
    LEAST_SEEN,
    MOST_CUSTOMERS,
    StageEvidence,
    periods_named,
    stage_evidence_of,
)
from cvmlab.charts.stages import stage_name
from cvmlab.core.formats import count, percent, signed_percent, whole_money
from cvmlab.core.words import language, say, term
from cvmlab.data.tables import CUSTOMER_ID, PROFIT, REVENUE
from cvmlab.relationship import patterns, stages
from cvmlab.relationship.lifecycle import ENDED, STAGES

from . import html
from .figures import picture
from .wording import who_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cvmlab.case import Case

    from .html import Kind
    from .sections import Piece


_DRAWS, _FIRST_NAMES, _DRAWN = 20, 10, 3
# A share of fewer says less than the count.
_FEW = 20
# From this size on, money is shown without decimals in the whole column.
_LARGE = 100


# --- stages ----------------------------------------------------------------------------------------


def stages_section(case: Case, evidence: StageEvidence | None = None) -> list[Piece]:
    """Return the section on stages: who is where now, what each stage brings, who entered decline lately.

    Parameters
    ----------
    case
        From `cvmlab.case.study`.
    evidence
        From `stage_evidence_of`, if it has been made already; both sections need it.

    Notes
    -----
    Where the log cannot carry stages, one paragraph says what is missing, for the patterns as well.
    """
    evidence = evidence or stage_evidence_of(case)
    title = html.heading(term("stages.report_title"))
    if evidence.decoded is None:
        return [html.page(title, html.paragraph(_cannot(evidence)))]
    lead = say(
        "stages.report_lead" if evidence.staged else "stages.report_lead_ended",
        whom=_whom(evidence), periods=periods_named(evidence.panel), columns=_columns(evidence.decoded),
    )  # fmt: skip
    columns: dict[str, tuple[str, Kind]] = {
        "stage": (term("stage" if evidence.staged else "stages.report_relationship"), "id"),
        "customers": (term("report.type_customers"), "count"),
        "share": (term("report.type_customer_share"), "percent"),
        "revenue": (term("stages.report_revenue"), "money"),
    }
    if evidence.staged:
        columns["confidence"] = (term("stages.report_confidence"), "percent")
    table = html.table(stages_now(evidence), columns, caption=term("stages.report_now"))
    above = [html.paragraph(said) for said in (lead, _trend(evidence)) if said]
    below = [html.paragraph(said) for said in (_ended_checked(evidence),) if said]
    if not evidence.staged:
        return [html.page(title, *above, html.paragraph(_no_course(evidence)), table, *below)]
    note = html.note(term("stages.report_estimated"))
    return [html.page(title, *above, note, table, *below), *_declining(case, evidence)]


def stages_now(evidence: StageEvidence) -> pd.DataFrame:
    """Return one row a stage: ``stage`` (wording), ``customers``, ``share``, ``revenue``, ``confidence``.

    ``revenue`` is money of the last 12 months of whole periods, ``confidence`` the mean over the customers. Without
    evidence of stages there are two rows, relationships that last and those that have ended, and no confidence: where
    many bought only once, it claims too much for an end. What became of those called ended before says more; an end has
    no confidence either where more of them bought again than it leaves room for.
    """
    assert evidence.decoded is not None
    stage, sure = evidence.decoded.stage[-1], evidence.decoded.confidence[-1]
    revenue = evidence.panel[REVENUE][-(12 // evidence.panel.months) :].sum(axis=0)
    if evidence.staged:
        rows = [(stage_name(name), stage == code) for code, name in enumerate((*STAGES, "ended"), start=1)]
        if _more_came_back(evidence.hindsight, sure[stage == ENDED]):
            sure = np.where(stage == ENDED, np.float32(np.nan), sure)
    else:
        sure = np.full(len(stage), np.nan, np.float32)
        rows = [(term("stages.report_alive"), stage < ENDED), (stage_name("ended"), stage == ENDED)]
    return pd.DataFrame([_counted(name, here, revenue, sure) for name, here in rows])


def _more_came_back(seen: stages.Hindsight | None, sure: NDArray[np.float32]) -> bool:
    """Return whether more of those called ended earlier bought again than the confidence in an end leaves room for."""
    return seen is not None and seen.ended >= LEAST_SEEN and len(sure) > 0 and seen.came_back > 1 - sure.mean()


def _counted(
    name: str, here: NDArray[np.bool_], revenue: NDArray[np.float64], sure: NDArray[np.float32]
) -> dict[str, object]:
    return {
        "stage": name,
        "customers": int(here.sum()),
        "share": float(here.mean()),
        "revenue": float(revenue[here].sum()),
        "confidence": float(sure[here].mean()) if here.any() else float("nan"),
    }


def _no_course(evidence: StageEvidence) -> str:
    course = evidence.course
    assert course is not None
    if not course.customers:
        return say("stages.report_no_course_seen")
    rise, low, high = (signed_percent(share) for share in (course.rise, course.low, course.high))
    return say(
        "stages.report_no_course",
        customers=count(course.customers), rise=rise, low=low, high=high, least=percent(LEAST_RISE),
    )  # fmt: skip


def _whom(evidence: StageEvidence) -> str:
    looked_at, whole = len(evidence.panel.customer_id), len(evidence.panel.customer_id) >= evidence.of
    if whole:
        return say("stages.report_whom_all", customers=count(looked_at))
    # the others begin in a month that is not complete, or are beyond the largest 25,000
    largest = looked_at >= MOST_CUSTOMERS
    key = "stages.report_whom_largest" if largest else "stages.report_whom_begun"
    return say(key, customers=count(looked_at), of=count(evidence.of))


def _trend(evidence: StageEvidence) -> str:
    """Return what is common to all and was taken out, empty where there is nothing."""
    if evidence.course is None or not evidence.course.trend:
        return ""
    trend = evidence.course.trend
    return say("stages.report_trend_up" if trend > 0 else "stages.report_trend_down", trend=percent(abs(trend)))


def _ended_checked(evidence: StageEvidence) -> str:
    """Return what became of those who would have been called ended earlier, empty where they are too few."""
    seen = evidence.hindsight
    if seen is None or seen.ended < LEAST_SEEN:
        return ""
    return say(
        "stages.report_ended_checked", months=seen.months, ended=count(seen.ended), share=percent(seen.came_back)
    )


def _declining(case: Case, evidence: StageEvidence) -> list[Piece]:
    """Return the list of who entered decline, with what became of those the same rule would have named before."""
    assert evidence.decoded is not None
    assert evidence.hindsight is not None
    seen = evidence.hindsight
    title = html.subheading(term("stages.report_declining_title"))
    check = say("stages.report_declining_unchecked", months=seen.months, declining=count(seen.declining))
    if seen.declining >= LEAST_SEEN:
        check = say(
            "stages.report_declining_refuted" if seen.refutes_decline else "stages.report_declining_checked",
            months=seen.months, declining=count(seen.declining),
            fell=_share_of(seen.declining_fell, seen.declining), others=percent(seen.others_fell),
        )  # fmt: skip
    if seen.refutes_decline:
        return [html.page(title, html.paragraph(check))]
    late = [html.paragraph(term("stages.report_declining_late"), quiet=True)]
    lately = stages.entered_decline(evidence.panel, evidence.decoded)
    if lately.empty:
        return [html.page(title, html.paragraph(term("stages.report_declining_none")), *late)]
    listed = lately.head(_FIRST_NAMES)
    shown = listed.assign(change=-listed["fall"]).merge(
        case.customers.drop(columns=["revenue"]), on=CUSTOMER_ID, how="left"
    )
    columns: dict[str, tuple[str, Kind]] = {
        **who_columns(shown),
        "since": (term("stages.report_since"), "date"),
        "revenue": (term("stages.report_before"), "money"),
        "change": (term("stages.report_fall"), "percent"),
        "confidence": (term("stages.report_confidence"), "percent"),
    }
    text = say(
        "stages.report_declining",
        customers=count(len(lately)), revenue=whole_money(lately["revenue"].sum()), listed=len(listed),
    )  # fmt: skip
    drawn = stages.histories(evidence.panel, evidence.decoded, list(listed[CUSTOMER_ID].head(_DRAWN)))
    return [
        html.page(title, html.paragraph(text), html.paragraph(check), html.table(shown, columns), *late),
        picture(charts.plot_histories(drawn), name="stages", alt=term("stages.report_alt")),
    ]


def _share_of(share: float, of: int) -> str:
    """Return a share as percent, of few as a count."""
    return percent(share) if of >= _FEW else say("stages.report_few", number=round(share * of))


# --- patterns --------------------------------------------------------------------------------------


def patterns_section(case: Case, evidence: StageEvidence | None = None) -> list[Piece]:
    """Return the section on the patterns of relationships, and what each brought compared with IV.

    Nothing where the log tells no stages: `stages_section` says why.

    Parameters
    ----------
    case, evidence
        As in `stages_section`.
    """
    evidence = evidence or stage_evidence_of(case)
    if evidence.decoded is None or not evidence.staged:
        return []
    title = html.heading(term("stages.report_patterns_title"))
    said = patterns.classify(evidence.panel, evidence.decoded.model, draws=_DRAWS, seed=case.assumptions.seed)
    decided = said["pattern"] != patterns.UNDECIDED
    if not decided.any():
        return [html.page(title, html.paragraph(term("stages.report_nobody_ended")))]
    measure = PROFIT if PROFIT in tuple(evidence.panel.values) else REVENUE
    brought = patterns.profit_by_pattern(evidence.panel, said, measure=measure)
    table = patterns.pattern_shares(said)[["pattern", "share", "low", "high"]].merge(
        brought, on="pattern", suffixes=("_share", "")
    )
    # who brought more than IV missed nothing
    table["lost"] = table["lost"].where(table["lost"] >= 0)
    if table["mean"].abs().max() >= _LARGE:
        table[["mean", "lost"]] = table[["mean", "lost"]].round()
    table["label"] = [term(f"patterns.pattern_{name}") for name in table["pattern"]]
    columns: dict[str, tuple[str, Kind]] = {
        "label": (term("pattern"), "id"),
        "customers": (term("report.type_customers"), "count"),
        "share": (term("report.type_customer_share"), "percent"),
        "mean": (say("stages.report_mean", measure=term(measure)), "money"),
        "lost": (say("stages.report_lost", measure=term(measure)), "money"),
    }
    lead = say(
        "stages.report_patterns_lead",
        ended=count(int((~said["active"]).sum())), lasting=count(int((decided & said["active"]).sum())),
        customers=count(len(said)),
    )  # fmt: skip
    return [
        html.page(
            title,
            html.paragraph(lead),
            html.table(table, columns),
            html.paragraph(term("stages.report_lost_note"), quiet=True),
        )
    ]


def _columns(decoded: stages.Decoded) -> str:
    names = {
        "revenue": "revenue",
        "margin": "margin",
        "breadth": "stages.breadth",
        "indirect_benefit": "indirect_benefit",
    }
    return " · ".join(term(names[name]) for name in decoded.model.columns)


def _cannot(evidence: StageEvidence) -> str:
    return say("stages.report_cannot", missing=("；" if language() == "zh" else "; ").join(evidence.missing))
