"""The report's sections on stages and patterns, only where the log can carry them (S01, S04).

Whether it can is measured, not guessed: how long the log is, whether relationships begin within it, how often
customers buy. Where one condition fails, the section is one paragraph that says what is missing.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import charts, patterns, stages
from ..charts.decoding import stage_name
from ..charts.style import percent, whole_money
from ..lifecycle import DECLINE, ENDED, STAGES
from ..tables import CUSTOMER_ID, PROFIT, REVENUE
from ..vocabulary import language, say, term
from . import html
from .figures import picture
from .wording import count, who_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..case import Case
    from ..tables import Panel
    from .html import Kind
    from .sections import Piece

__all__ = ["Told", "patterns_section", "stages_section", "tell"]

LEAST_MONTHS, LEAST_PERIODS = 18, 6
#: So many customers must begin within the log, and be this share of all.
LEAST_BEGINNERS, LEAST_BEGINNER_SHARE = 50, 0.1
#: So many customers must have bought in three periods or more, and be this share of all.
LEAST_REGULARS, LEAST_REGULAR_SHARE = 50, 0.2
LEAST_RHYTHM = 0.5
#: A relationship begins within the log if its first purchase is so many months behind the first of the log.
_BEHIND_MONTHS = 3
_MOST_CELLS, _MOST_CUSTOMERS, _FITTED_ON, _DRAWS = 1_000_000, 25_000, 800, 20
_LATELY_MONTHS, _FIRST_NAMES, _DRAWN = 12, 10, 3


@dataclass(frozen=True)
class Told:
    """What a log tells of stages: the panel looked at and its stages, or why it tells nothing.

    Attributes
    ----------
    panel
        The histories in periods of 1, 3, 6 or 12 months, at most the 25,000 customers with the highest revenue.
    decoded
        Their stages, None where the log cannot carry them.
    missing
        What is missing, a sentence each; empty where the log can carry them.
    of
        Number of customers of the log, those included whose first month is not complete yet.
    """

    panel: Panel
    decoded: stages.Decoded | None
    missing: tuple[str, ...]
    of: int


def tell(case: Case) -> Told:
    """Measure whether a log can carry stages and, if so, decode them.

    Conditions: at least 18 months and 6 periods; at least 50 customers, and a tenth of all, who begin more than
    three months into the log; at least 50 customers, and a fifth of all, with purchases in three periods or
    more, half of whom buy in half of the periods. The periods are the shortest in which they do; longer
    ones where the customers are many.
    """
    months = len(case.panel.period)
    if months < LEAST_MONTHS:
        return Told(
            case.panel, None, (say("stages.report_short", months=months, least=LEAST_MONTHS),), _customers(case)
        )
    panel = _largest(_in_periods(case.panel))
    missing = tuple(_missing(panel))
    if missing:
        return Told(panel, None, missing, _customers(case))
    model = stages.fit(panel, customers=_FITTED_ON, iterations=12, seed=case.assumptions.seed)
    return Told(panel, stages.decode(panel, model), (), _customers(case))


def _customers(case: Case) -> int:
    return len(case.customers)


def _in_periods(panel: Panel) -> Panel:
    months = stages.advised_months(panel)
    if panel[REVENUE].size > _MOST_CELLS:
        months = max(months, 3)
    whole = len(panel.period) - months >= LEAST_PERIODS * months
    return stages.coarser(panel, months if whole else 1)


def _largest(panel: Panel) -> Panel:
    if len(panel.customer_id) <= _MOST_CUSTOMERS:
        return panel
    total = panel[REVENUE].sum(axis=0)
    chosen = np.sort(np.argpartition(-total, _MOST_CUSTOMERS)[:_MOST_CUSTOMERS])
    values = {name: array[:, chosen] for name, array in panel.values.items()}  # noqa: PD011
    return dataclasses.replace(panel, customer_id=panel.customer_id[chosen], values=values, first=panel.first[chosen])


def _missing(panel: Panel) -> list[str]:
    bought = panel[REVENUE] > 0
    customers = max(1, bought.shape[1])
    said = []
    if len(panel.period) < LEAST_PERIODS:
        said.append(
            say("stages.report_few_periods", periods=len(panel.period), months=panel.months, least=LEAST_PERIODS)
        )
    begin = int((panel.first * panel.months > _BEHIND_MONTHS).sum())
    if begin < LEAST_BEGINNERS or begin < LEAST_BEGINNER_SHARE * customers:
        said.append(
            say(
                "stages.report_no_beginners",
                begin=count(begin),
                customers=count(customers),
                least=LEAST_BEGINNERS,
                share=percent(LEAST_BEGINNER_SHARE),
            )
        )
    times = bought.sum(axis=0)
    regular = times >= 3
    if regular.sum() < LEAST_REGULARS or regular.sum() < LEAST_REGULAR_SHARE * customers:
        said.append(
            say(
                "stages.report_few_regulars",
                regulars=count(int(regular.sum())),
                customers=count(customers),
                months=panel.months,
                least=LEAST_REGULARS,
                share=percent(LEAST_REGULAR_SHARE),
            )
        )
    elif (rhythm := _rhythm(bought[:, regular])) < LEAST_RHYTHM:
        said.append(say("stages.report_rarely", share=percent(rhythm), months=panel.months))
    return said


def _rhythm(bought: NDArray[np.bool_]) -> float:
    first, last = bought.argmax(axis=0), len(bought) - 1 - bought[::-1].argmax(axis=0)
    return float(np.median((bought.sum(axis=0) - 1) / np.maximum(last - first, 1)))


# --- stages ----------------------------------------------------------------------------------------


def stages_section(case: Case, told: Told | None = None) -> list[Piece]:
    """Return the section on stages: who is where now, what each stage brings, who entered decline lately.

    Parameters
    ----------
    case
        From `cvmlab.case.study`.
    told
        From `tell`, if it has been made already; both sections need it.

    Notes
    -----
    Where the log cannot carry stages, one paragraph says what is missing, for the patterns as well.
    """
    told = told or tell(case)
    title = html.heading(term("stages.report_title"))
    if told.decoded is None:
        return [html.page(title, html.paragraph(_cannot(told)))]
    panel, decoded = told.panel, told.decoded
    lead = say(
        "stages.report_lead",
        customers=count(len(panel.customer_id)), of=count(told.of), months=panel.months, periods=len(panel.period),
        columns=_columns(decoded),
    )  # fmt: skip
    columns: dict[str, tuple[str, Kind]] = {
        "stage": (term("stage"), "id"),
        "customers": (term("report.type_customers"), "count"),
        "share": (term("report.type_customer_share"), "percent"),
        "revenue": (term("stages.report_revenue"), "money"),
        "confidence": (term("stages.report_confidence"), "percent"),
    }
    table = html.table(stages_now(told), columns, caption=term("stages.report_now"))
    pieces: list[Piece] = [html.page(title, html.paragraph(lead), html.note(term("stages.report_estimated")), table)]
    return pieces + _declining(case, told)


def stages_now(told: Told) -> pd.DataFrame:
    """Return one row a stage: ``stage`` (wording), ``customers``, ``share``, ``revenue``, ``confidence``.

    ``revenue`` is money of the last 12 months of whole periods, ``confidence`` the mean over the customers.
    """
    assert told.decoded is not None
    stage, sure = told.decoded.stage[-1], told.decoded.confidence[-1]
    revenue = told.panel[REVENUE][-(12 // told.panel.months) :].sum(axis=0)
    rows = []
    for code, name in enumerate((*STAGES, "ended"), start=1):
        here = stage == code
        rows.append(
            {
                "stage": stage_name(name),
                "customers": int(here.sum()),
                "share": float(here.mean()),
                "revenue": float(revenue[here].sum()),
                "confidence": float(sure[here].mean()) if here.any() else float("nan"),
            }
        )
    return pd.DataFrame(rows)


def entered_decline(told: Told) -> pd.DataFrame:
    """Return the customers in decline now who entered it within the last 12 months.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``since`` (first day of the period in which the decline began), ``confidence`` (that they
        are in decline now), ``revenue`` (money of the 12 months before it began); the largest revenue first.
    """
    assert told.decoded is not None
    panel, stage = told.panel, told.decoded.stage
    a_year = 12 // panel.months
    # rows since the last one that was no decline
    lasting = (stage[::-1] == DECLINE).cumprod(axis=0).sum(axis=0)
    begun = len(stage) - lasting
    lately = (lasting > 0) & (lasting <= a_year) & (begun > panel.first)
    chosen = np.flatnonzero(lately)
    total = np.vstack([np.zeros((1, len(lately))), np.cumsum(panel[REVENUE], axis=0)])
    start = begun[chosen]
    before = total[start, chosen] - total[np.maximum(start - a_year, 0), chosen]
    frame = pd.DataFrame(
        {
            CUSTOMER_ID: panel.customer_id[chosen],
            "since": panel.period[start],
            "confidence": told.decoded.confidence[-1, chosen],
            "revenue": before,
        }
    )
    return frame.sort_values("revenue", ascending=False, ignore_index=True)


def _declining(case: Case, told: Told) -> list[Piece]:
    lately = entered_decline(told)
    title = html.subheading(term("stages.report_declining_title"))
    if lately.empty or told.decoded is None:
        return [html.page(title, html.paragraph(term("stages.report_declining_none")))]
    listed = lately.head(_FIRST_NAMES)
    who = case.customers.drop(columns=["revenue"])
    shown = listed.merge(who, on=CUSTOMER_ID, how="left")
    columns: dict[str, tuple[str, Kind]] = {
        **who_columns(shown),
        "since": (term("stages.report_since"), "date"),
        "revenue": (term("stages.report_before"), "money"),
        "confidence": (term("stages.report_confidence"), "percent"),
    }
    text = say(
        "stages.report_declining",
        customers=count(len(lately)), revenue=whole_money(lately["revenue"].sum()), listed=len(listed),
    )  # fmt: skip
    drawn = stages.histories(told.panel, told.decoded, list(listed[CUSTOMER_ID].head(_DRAWN)))
    return [
        html.page(title, html.paragraph(text), html.table(shown, columns)),
        picture(charts.plot_histories(drawn), name="stages", alt=term("stages.report_alt")),
    ]


# --- patterns --------------------------------------------------------------------------------------


def patterns_section(case: Case, told: Told | None = None) -> list[Piece]:
    """Return the section on the patterns of ended relationships, and what each brought against IV.

    Nothing where the log cannot carry stages: `stages_section` says why.

    Parameters
    ----------
    case, told
        As in `stages_section`.
    """
    told = told or tell(case)
    if told.decoded is None:
        return []
    title = html.heading(term("stages.report_patterns_title"))
    if not (told.decoded.stage[-1] == ENDED).any():
        return [html.page(title, html.paragraph(term("stages.report_nobody_ended")))]
    said = patterns.classify(told.panel, told.decoded.model, draws=_DRAWS, seed=case.assumptions.seed)
    measure = PROFIT if PROFIT in tuple(told.panel.values) else REVENUE
    brought = patterns.profit_by_pattern(told.panel, said, measure=measure)
    table = patterns.pattern_shares(said)[["pattern", "share", "low", "high"]].merge(
        brought, on="pattern", suffixes=("_share", "")
    )
    table["label"] = [term(f"patterns.pattern_{name}") for name in table["pattern"]]
    columns: dict[str, tuple[str, Kind]] = {
        "label": (term("pattern"), "id"),
        "customers": (term("report.type_customers"), "count"),
        "share": (term("report.type_customer_share"), "percent"),
        "mean": (say("stages.report_mean", measure=term(measure)), "money"),
        "lost": (say("stages.report_lost", measure=term(measure)), "money"),
    }
    decided = said.loc[said["pattern"] != patterns.UNDECIDED]
    lead = say(
        "stages.report_patterns_lead",
        ended=count(len(decided)), customers=count(len(said)),
        confidence=percent(float(decided["confidence"].mean())) if len(decided) else "–",
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


def _cannot(told: Told) -> str:
    return say("stages.report_cannot", missing=("；" if language() == "zh" else "; ").join(told.missing))
