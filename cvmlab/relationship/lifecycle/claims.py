"""What the textbook claims about the life of a relationship, checked on the model, and when it holds (S02, S03).

>>> from cvmlab.relationship.lifecycle import Relationship
>>> bool(check_table(Relationship())["holds"].all()), meets_textbook(Relationship())
(True, True)
>>> first_to_break(Relationship(fixed_cost=2_000)).iloc[0]["variable"]
'b'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict

import numpy as np
import pandas as pd

from cvmlab.core.formats import percent, whole_money
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Limits, checked
from cvmlab.core.words import keys, read_rules, read_table, say, term
from cvmlab.data.tables import COST, PROFIT, REVENUE, VOLUME

from .curve import DECLINE, INDIRECT_BENEFIT, PRICE, STABILITY, STAGES, Relationship, level_path, stage_path, variables
from .movements import (
    MOVEMENTS,
    Finding,
    LifeOf,
    climbs_on,
    falls_slower,
    months_ahead,
    months_ahead_in_money,
    peaks_late,
    share_left,
)

VARIABLES = (VOLUME, PRICE, COST, INDIRECT_BENEFIT, REVENUE, PROFIT)
#: The claims on revenue and profit beside the table, and the difference each belongs to.
DIFFERENCES = {"climbs_on": "a", "peaks_late": "a", "falls_slower": "b"}

# Finer steps show nothing more.
_MOST_STEPS = 1000


@public
def table_3_1(language: str | None = None, *, wide: bool = False) -> pd.DataFrame:
    """Return the textbook's table of how the variables move per month (CRM3 Table 3-1), in our words.

    Parameters
    ----------
    language
        ``"en"`` or ``"zh"``, otherwise refused; the language in force if left out.
    wide
        Whether to lay the table out as in the book: one row per variable, one column per stage, all named.

    Returns
    -------
    pandas.DataFrame
        24 rows: ``variable``, ``stage``, ``movement`` (codes) and ``claim`` (text); 6 rows of texts if wide.

    Examples
    --------
    >>> table_3_1().query("variable == 'cost'")["claim"].tolist()[:2]
    ['highest', 'clearly lower']
    >>> table_3_1(wide=True).iloc[0].tolist()
    ['volume', 'very small', 'grows fast', 'largest and sustained', 'falls back']
    """
    rows = read_rules("table_3_1", language)
    if not wide:
        return pd.DataFrame(rows)
    claims = {(row["variable"], row["stage"]): row["claim"] for row in rows}
    return pd.DataFrame([
        {term("transaction_variable", language): term(variable, language)}
        | {term(stage, language): claims[variable, stage] for stage in STAGES}
        for variable in VARIABLES
    ])  # fmt: skip


def _named(variable: str, language: str | None = None) -> str:
    return term("cost_per_unit" if variable == COST else variable, language)


@public
def check_table(relationship: Relationship) -> pd.DataFrame:
    """Check every row of Table 3-1 on the life of a relationship, without its repair and its acquisition cost.

    The figures behind the table's words are ours: very small is up to 15% of the highest value, near the top and
    steady at a high level is 85% and more, fallen back is half and less. The table says that revenue is steady in
    stability, the text beside it that revenue may grow slowly: growth within those 15% is steady in our reading.

    Returns
    -------
    pandas.DataFrame
        24 rows: ``variable``, ``stage`` (codes), ``claim``, ``measured`` (texts in the language in force), ``holds``.

    Examples
    --------
    >>> measured = check_table(Relationship(formed=0.7)).query("not holds")
    >>> measured[["variable", "stage"]].values.tolist()[0], measured["measured"].iloc[0]
    (['volume', 'stability'], 'never below 71% of the highest')
    """
    return pd.DataFrame([
        {name: row[name] for name in ("variable", "stage", "claim")}
        | {"measured": _measured(row["movement"], finding), "holds": finding.holds}
        for row, finding in zip(read_rules("table_3_1"), _table_findings(relationship), strict=True)
    ])  # fmt: skip


@public
def check_differences(relationship: Relationship) -> pd.DataFrame:
    """Check the two differences between the revenue curve and the profit curve on the life of a relationship.

    (a) By late formation revenue is near its highest (85% and more) and profit clearly is not yet (at least 5
    points behind); profit peaks in the last quarter of stability, where the last month within 0.1% of the highest
    is the peak. (b) In decline profit falls more slowly than revenue, each relative to the last month of stability.
    As profit = revenue · margin, (b) says that the margin 1 − c/p + b/R (cost and price of a unit, indirect benefit,
    revenue; less the share of a fixed cost) is higher in every month of decline than at the peak. Lag of price and
    cost alone leaves it equal at best, so indirect benefit has to fall more slowly than revenue.
    Source: CRM3 §3.1.3; the margin is ours.

    Returns
    -------
    pandas.DataFrame
        Three rows: ``difference`` (``"a"``, ``"a"``, ``"b"``), ``name`` (``climbs_on``, ``peaks_late``,
        ``falls_slower``), ``claim``, ``measured`` (texts in the language in force), ``holds``.

    Examples
    --------
    >>> check_differences(Relationship())["holds"].tolist()
    [True, True, True]
    >>> check_differences(Relationship(fixed_cost=1_000)).query("not holds")["name"].tolist()
    ['falls_slower']
    """
    return pd.DataFrame([
        {"difference": letter, "name": name, "claim": term(f"lifecycle.claim_{name}"),
         "measured": _measured(name, finding), "holds": finding.holds}
        for (name, letter), finding in zip(DIFFERENCES.items(), difference_findings(relationship), strict=True)
    ])  # fmt: skip


@public
def compare_declines(relationship: Relationship, changes: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Return what decline leaves of profit and of revenue after each of some changes to a relationship.

    Parameters
    ----------
    relationship
        Without its repair and its acquisition cost.
    changes
        Vocabulary key (its places are filled with the fields) or text of each change, and the fields it sets; none
        for the relationship as it is.

    Returns
    -------
    pandas.DataFrame
        One row per change: ``change``, ``months_ahead_in_money`` (months of decline in which profit has lost less
        than revenue), ``profit_lost`` (text: money per month, from the end of stability to the end of decline),
        ``profit_left``, ``revenue_left`` (texts: percent of the last month of stability),
        ``months_ahead`` (months of decline in which profit keeps more of its value than revenue), ``holds`` (whether
        it does in all of them, which is difference (b) of `check_differences`).

    Examples
    --------
    >>> table = compare_declines(Relationship(), {"as it is": {}, "no recommendations": {"largest_benefit": 0}})
    >>> table.drop(columns="change").values.tolist()
    [[12, '3,538', '29%', '14%', 12, True], [12, '2,870', '10%', '14%', 0, False]]
    """
    return pd.DataFrame([_decline(name, relationship.replace(**fields)) for name, fields in changes.items()])


def _decline(name: str, relationship: Relationship) -> dict[str, object]:
    lives = _lives(relationship)
    ahead = months_ahead(lives[REVENUE], lives[PROFIT])
    return {
        "change": say(name, **asdict(relationship)) if name in keys() else name,
        "months_ahead_in_money": int(months_ahead_in_money(lives[REVENUE], lives[PROFIT]).sum()),
        "profit_lost": whole_money(lives[PROFIT].at_end(STABILITY) - lives[PROFIT].at_end(DECLINE)),
        "profit_left": percent(share_left(lives[PROFIT])),
        "revenue_left": percent(share_left(lives[REVENUE])),
        "months_ahead": int(ahead.sum()),
        "holds": bool(ahead.all()),
    }


def _table_findings(relationship: Relationship) -> list[Finding]:
    lives = _lives(relationship)
    return [MOVEMENTS[row["movement"]](lives[row["variable"]]) for row in read_table("rules/table_3_1")]


def difference_findings(relationship: Relationship) -> list[Finding]:
    """Return the finding on each of `DIFFERENCES`, without words."""
    lives = _lives(relationship)
    revenue, profit = lives[REVENUE], lives[PROFIT]
    return [climbs_on(revenue, profit), peaks_late(profit), falls_slower(revenue, profit)]


def _lives(relationship: Relationship) -> dict[str, LifeOf]:
    plain = relationship.replace(repaired_after=0, acquisition_cost=0)
    level, stage = level_path(plain), stage_path(plain)
    figures = variables(level, plain)
    return {name: LifeOf(figures[name], level, stage, plain) for name in VARIABLES}


def _measured(movement: str, found: Finding) -> str:
    texts = [_percent(figure) if found.shares else _figure(figure) for figure in found.figures]
    return say(f"lifecycle.measured_{movement}", **dict(zip(("first", "second", "third"), texts, strict=False)))


def _percent(share: float) -> str:
    return f"{share:.1%}".replace(".0%", "%").replace("-", "−") if np.isfinite(share) else "–"


def _figure(value: float) -> str:
    return f"{value:,.4g}".replace("-", "−") if abs(value) < 1_000 else whole_money(value)


@public
def textbook_conditions(relationship: Relationship) -> pd.DataFrame:
    """Return the conditions under which Table 3-1 and both differences hold, and which of them are met.

    Together they are enough (tests draw such lives, most from the edges); each is needed in the sense that some
    life that misses only this one contradicts the textbook. They are ours: the textbook names none.

    Returns
    -------
    pandas.DataFrame
        One row per condition: ``condition`` (code), ``says``, ``why`` (texts in the language in force), ``holds``.

    Examples
    --------
    >>> textbook_conditions(Relationship(price_lag=0)).query("not holds")["condition"].tolist()
    ['price_and_cost_lag']
    """
    return pd.DataFrame([
        {"condition": name, "says": term(f"lifecycle.condition_{name}"), "why": term(f"lifecycle.why_{name}"),
         "holds": bool(met(relationship))}
        for name, met in _CONDITIONS.items()
    ])  # fmt: skip


def _stages_run_their_course(it: Relationship) -> bool:
    forms_fast = (it.formed - it.explored) / it.formation_months >= 1.2 * it.explored / it.exploration_months
    rises = it.explored <= 0.15 and forms_fast and it.formed >= 0.93
    return rises and it.stability_months >= 4 * it.benefit_lag and it.left_at <= 0.35


def _units_are_profitable(it: Relationship) -> bool:
    first_margin = it.base_price - it.product_cost - it.service_cost
    pays = it.largest_volume > 0 and first_margin > 0 and _gain_per_unit(it) >= first_margin / 2
    return pays and 0.02 <= it.price_premium <= 0.2 and it.service_cost * it.cost_saving > 0


def _gain_per_unit(it: Relationship) -> float:
    """Return by how much the margin of a unit grows from a stranger to level 1 (money)."""
    return it.base_price * it.price_premium + it.service_cost * it.cost_saving


def _price_and_cost_lag(it: Relationship) -> bool:
    shortest, longest = max(3, it.formation_months / 5), it.formation_months / 2
    return all(shortest <= lag <= longest for lag in (it.price_lag, it.cost_lag))


def _benefit_lasts(it: Relationship) -> bool:
    lags = max(it.formation_months / 2, 1.25 * it.decline_months) <= it.benefit_lag <= it.formation_months
    gain = it.largest_volume * _gain_per_unit(it)
    return 0.5 <= it.recommends_from <= 0.6 and lags and 0.8 * gain <= it.largest_benefit <= 2 * gain


_CONDITIONS: dict[str, Callable[[Relationship], bool]] = {
    "stages_run_their_course": _stages_run_their_course,
    "units_are_profitable": _units_are_profitable,
    "price_and_cost_lag": _price_and_cost_lag,
    "benefit_lasts": _benefit_lasts,
    "no_bad_word_of_mouth": lambda it: it.bad_word_of_mouth == 0,
    "no_fixed_cost": lambda it: it.fixed_cost == 0,
}


@public
def meets_textbook(relationship: Relationship) -> bool:
    """Return whether a relationship meets all of `textbook_conditions`.

    Examples
    --------
    >>> meets_textbook(Relationship()), meets_textbook(Relationship(price_lag=0))
    (True, False)
    """
    return all(met(relationship) for met in _CONDITIONS.values())


@public
def first_to_break(relationship: Relationship, start: Relationship | None = None, steps: int = 40) -> pd.DataFrame:
    """Return which claims break on the way from one relationship to another, in the order in which they break.

    All numbers change together, in equal steps.

    Parameters
    ----------
    relationship, start
        Where the way ends and where it begins; ``start`` is the default `Relationship` if left out.
    steps
        Steps of the way, a whole number from 1, otherwise refused.

    Returns
    -------
    pandas.DataFrame
        One row per claim that holds at the start and is broken somewhere on the way: ``way`` (share of the way to
        the first step where it is broken), ``variable`` (``"a"`` or ``"b"`` for a difference), ``stage`` (empty for
        a difference), ``claim``, ``in_words`` (all three, for reading). Empty if nothing breaks.

    Examples
    --------
    >>> broken = first_to_break(Relationship(fixed_cost=2_000), steps=20)
    >>> broken[["way", "claim"]].iloc[:1].values.tolist()
    [[0.35, 'in decline profit falls more slowly than revenue']]
    """
    checked("steps", steps, Limits("lifecycle.steps", minimum=1, maximum=_MOST_STEPS, whole=True))
    start = start or Relationship()
    ways = np.arange(steps + 1) / steps
    broken = np.array([_broken(_between(start, relationship, way)) for way in ways])
    marks = broken & ~broken[0]
    first = marks.argmax(axis=0)
    claims = _claims()
    rows = [
        {"way": float(ways[first[place]]), **claims[place], "in_words": _in_words(claims[place])}
        for place in np.argsort(first, kind="stable")
        if marks[:, place].any()
    ]
    return pd.DataFrame(rows, columns=["way", "variable", "stage", "claim", "in_words"])


def _broken(relationship: Relationship) -> list[bool]:
    return [not finding.holds for finding in _table_findings(relationship) + difference_findings(relationship)]


def _claims() -> list[dict[str, str]]:
    table = [{name: row[name] for name in ("variable", "stage", "claim")} for row in read_rules("table_3_1")]
    return table + [
        {"variable": letter, "stage": "", "claim": term(f"lifecycle.claim_{name}")}
        for name, letter in DIFFERENCES.items()
    ]


def _in_words(claim: dict[str, str]) -> str:
    if not claim["stage"]:
        return claim["claim"]
    stage, variable = term(claim["stage"]), _named(claim["variable"])
    return say("lifecycle.claim_in_words", variable=variable, stage=stage, claim=claim["claim"])


def _between(start: Relationship, end: Relationship, way: float) -> Relationship:
    here, there = start.values(), end.values()
    mixed = {name: here[name] + way * (there[name] - here[name]) for name in here}
    whole = {name: round(mixed[name]) for name, limits in start.limits().items() if limits.whole}
    return start.replace(**mixed | whole)
