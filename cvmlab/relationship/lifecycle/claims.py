"""What the textbook claims about the life of a relationship, held against the model (S02, S03).

Table 3-1 is data here, a row a variable and stage with a code of its movement. `check_table` measures every
row on a life curve, `check_differences` the two differences between revenue and profit, and
`textbook_conditions` says under which assumptions all of them hold. Who leaves one condition learns from
`first_to_break` what gives way.

>>> from cvmlab.relationship.lifecycle import Relationship
>>> bool(check_table(Relationship())["holds"].all()), meets_textbook(Relationship())
(True, True)
>>> first_to_break(Relationship(fixed_cost=2_000)).iloc[0][["variable", "stage"]].tolist()
['profit', 'exploration']
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from cvmlab.core.scenario import Limits, checked
from cvmlab.core.words import read_rules, read_table, say, term
from cvmlab.data.tables import COST, PROFIT, REVENUE, VOLUME

from .curve import INDIRECT_BENEFIT, PRICE, Relationship, level_path, stage_path, variables
from .movements import MOVEMENTS, Finding, LifeOf, climbs_on, falls_slower, peaks_late

VARIABLES = (VOLUME, PRICE, COST, INDIRECT_BENEFIT, REVENUE, PROFIT)
#: The claims on revenue and profit beside the table, and the difference each belongs to.
DIFFERENCES = {"climbs_on": "a", "peaks_late": "a", "falls_slower": "b"}

#: What the sentences on a finding call its figures.
PLACES = ("first", "second", "third")


def table_3_1(language: str | None = None, *, wide: bool = False) -> pd.DataFrame:
    """Return the textbook's table of how the variables move, per unit of time (CRM3 Table 3-1), in our words.

    Parameters
    ----------
    language
        ``"en"`` or ``"zh"``; the language in force if left out.
    wide
        Whether the table is laid out for reading, as in the book: a row a variable, a column a stage, all named.

    Returns
    -------
    pandas.DataFrame
        24 rows: ``variable``, ``stage``, ``movement`` (codes) and ``claim`` (text); 6 rows of texts if wide.

    Raises
    ------
    CvmError
        For an unknown language.

    Examples
    --------
    >>> table_3_1().query("variable == 'cost'")["claim"].tolist()[:2]
    ['highest', 'clearly lower']
    >>> table_3_1(wide=True).iloc[0].tolist()
    ['volume', 'very small', 'grows fast', 'largest and sustained', 'falls back']
    """
    rows = read_rules("table_3_1", language)
    return _laid_out(rows, language) if wide else pd.DataFrame(rows)


def _laid_out(rows: list[dict[str, str]], language: str | None) -> pd.DataFrame:
    claims = {(row["variable"], row["stage"]): row["claim"] for row in rows}
    stages = list(dict.fromkeys(stage for _, stage in claims))
    return pd.DataFrame([
        {term("transaction_variable", language): _named(variable, language)}
        | {term(stage, language): claims[variable, stage] for stage in stages}
        for variable in VARIABLES
    ])  # fmt: skip


def _named(variable: str, language: str | None = None) -> str:
    return term("cost_per_unit" if variable == COST else variable, language)


def check_table(relationship: Relationship) -> pd.DataFrame:
    """Hold every row of Table 3-1 against the life of a relationship.

    The table tells of one life without a repair, and its profit before the acquisition cost: both are left
    out here. How its words are read in figures is ours: very small is up to 15% of the highest value, near
    the top and steady at a high level is 85% and more, fallen back is half and less. The table says that
    revenue is steady in stability, the text beside it lets revenue grow slowly: a revenue that grows
    within those 15% is steady in our reading.

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
    table = table_3_1()
    found = table_findings(relationship)
    return pd.DataFrame({
        "variable": table["variable"],
        "stage": table["stage"],
        "claim": table["claim"],
        "measured": [_told(movement, finding) for movement, finding in zip(table["movement"], found, strict=True)],
        "holds": [finding.holds for finding in found],
    })  # fmt: skip


def table_findings(relationship: Relationship) -> list[Finding]:
    """Return what is found for each row of Table 3-1, without its words."""
    lives = _lives(relationship)
    return [MOVEMENTS[row["movement"]](lives[row["variable"]]) for row in read_table("rules/table_3_1")]


def difference_findings(relationship: Relationship) -> list[Finding]:
    """Return what is found for each of `DIFFERENCES`, without its words."""
    lives = _lives(relationship)
    revenue, profit = lives[REVENUE], lives[PROFIT]
    return [climbs_on(revenue, profit), peaks_late(profit), falls_slower(revenue, profit)]


def _lives(relationship: Relationship) -> dict[str, LifeOf]:
    plain = relationship.replace(repaired_after=0, acquisition_cost=0)
    level, stage = level_path(plain), stage_path(plain)
    figures = variables(level, plain)
    return {name: LifeOf(figures[name], level, stage, plain) for name in VARIABLES}


def _told(movement: str, found: Finding) -> str:
    spoken = [_percent(figure) if found.shares else _figure(figure) for figure in found.figures]
    return say(f"lifecycle.measured_{movement}", **dict(zip(PLACES, spoken, strict=False)))


def _percent(share: float) -> str:
    return f"{share:.1%}".replace(".0%", "%").replace("-", "−") if np.isfinite(share) else "–"


def _figure(value: float) -> str:
    return f"{value:,.4g}".replace("-", "−") if abs(value) < 1_000 else f"{value:,.0f}".replace("-", "−")


def check_differences(relationship: Relationship) -> pd.DataFrame:
    """Hold the two differences between the revenue curve and the profit curve against the life of a relationship.

    (a) By late formation revenue is near its highest (85% and more) and profit clearly is not yet (at least 5
    points behind); profit peaks late in stability (in its last quarter; the last month within 0.1% of the
    highest counts, as on a plateau a lead says nothing). (b) In decline profit falls more
    slowly than revenue, each relative to its value in the last month of stability. As profit = revenue ·
    margin, (b) says that the margin 1 − c/p + b/R (cost and price of a unit, indirect benefit, revenue; less
    the share of a fixed cost) is higher in every month of decline than at the peak. Lag of price and cost
    alone leaves it equal at best, so the indirect benefit has to fall more slowly than revenue.

    Returns
    -------
    pandas.DataFrame
        Three rows: ``difference`` (``"a"``, ``"a"``, ``"b"``), ``name`` (``climbs_on``, ``peaks_late``,
        ``falls_slower``), ``claim``, ``measured`` (texts), ``holds``.

    Notes
    -----
    Source: CRM3 §3.1.3; the margin is ours.

    Examples
    --------
    >>> check_differences(Relationship())["holds"].tolist()
    [True, True, True]
    >>> check_differences(Relationship(fixed_cost=1_000)).query("not holds")["name"].tolist()
    ['falls_slower']
    """
    found = difference_findings(relationship)
    return pd.DataFrame([
        {
            "difference": letter,
            "name": name,
            "claim": term(f"lifecycle.claim_{name}"),
            "measured": _told(name, finding),
            "holds": finding.holds,
        }
        for (name, letter), finding in zip(DIFFERENCES.items(), found, strict=True)
    ])  # fmt: skip


def textbook_conditions(relationship: Relationship) -> pd.DataFrame:
    """Return the conditions under which Table 3-1 and both differences hold, and which of them are met.

    Together they are enough (tests draw such lives, most from the edges), each alone is needed in the sense that
    some life that misses only this one contradicts the textbook. They are ours: the textbook names none.

    Returns
    -------
    pandas.DataFrame
        A row a condition: ``condition`` (code), ``says``, ``why`` (texts), ``holds``.

    Examples
    --------
    >>> textbook_conditions(Relationship(price_lag=0)).query("not holds")["condition"].tolist()
    ['lags_there']
    """
    return pd.DataFrame([
        {
            "condition": name,
            "says": term(f"lifecycle.condition_{name}"),
            "why": term(f"lifecycle.why_{name}"),
            "holds": bool(met(relationship)),
        }
        for name, met in _CONDITIONS.items()
    ])  # fmt: skip


def _gain_a_unit(relationship: Relationship) -> float:
    """Return by how much the margin of a unit grows from a stranger to level 1 (money)."""
    return relationship.base_price * relationship.price_premium + relationship.service_cost * relationship.cost_saving


def _first_margin(relationship: Relationship) -> float:
    return relationship.base_price - relationship.product_cost - relationship.service_cost


def _formation_is_fast(it: Relationship) -> bool:
    return (it.formed - it.explored) / it.formation_months >= 1.2 * it.explored / it.exploration_months


def _lags_there(it: Relationship) -> bool:
    return (
        min(it.price_lag, it.cost_lag) >= max(3, it.formation_months / 5) and it.benefit_lag >= it.formation_months / 2
    )


def _stages_long(it: Relationship) -> bool:
    slowest = max(it.price_lag, it.cost_lag, it.benefit_lag)
    follows = it.formation_months >= max(6, 2 * it.price_lag, 2 * it.cost_lag, it.benefit_lag)
    return follows and it.stability_months >= 4 * slowest


def _benefit_counts(it: Relationship) -> bool:
    gain = it.largest_volume * _gain_a_unit(it)
    return 0.8 * gain <= it.largest_benefit <= 2 * gain


_CONDITIONS: dict[str, Callable[[Relationship], bool]] = {
    "units_pay": lambda it: it.largest_volume > 0 and _first_margin(it) > 0,
    "starts_small": lambda it: it.explored <= 0.15,
    "formation_is_fast": _formation_is_fast,
    "formed_high": lambda it: it.formed >= 0.93,
    "falls_far": lambda it: it.left_at <= 0.35,
    "price_rises": lambda it: 0.02 <= it.price_premium <= 0.2,
    "cost_falls": lambda it: it.service_cost * it.cost_saving > 0,
    "margin_grows": lambda it: _gain_a_unit(it) >= _first_margin(it) / 2,
    "lags_there": _lags_there,
    "stages_long": _stages_long,
    "recommends_late": lambda it: 0.5 <= it.recommends_from <= 0.6,
    "benefit_counts": _benefit_counts,
    "benefit_lasts": lambda it: it.benefit_lag >= max(it.price_lag, it.cost_lag, 1.25 * it.decline_months),
    "no_bad_word_of_mouth": lambda it: it.bad_word_of_mouth == 0,
    "no_fixed_cost": lambda it: it.fixed_cost == 0,
}


def meets_textbook(relationship: Relationship) -> bool:
    """Return whether a relationship meets all of `textbook_conditions`.

    Examples
    --------
    >>> meets_textbook(Relationship()), meets_textbook(Relationship(price_lag=0))
    (True, False)
    """
    return all(met(relationship) for met in _CONDITIONS.values())


def first_to_break(relationship: Relationship, start: Relationship | None = None, steps: int = 40) -> pd.DataFrame:
    """Return what gives way on the way from a textbook relationship to this one, the first first.

    All numbers change together, from those of ``start`` to those of ``relationship``.

    Parameters
    ----------
    relationship
        Where the way ends.
    start
        Where it begins; `Relationship`'s defaults if left out.
    steps
        Steps of the way, at least 1.

    Returns
    -------
    pandas.DataFrame
        A row for each claim that is broken somewhere on the way and did hold at the start: ``way`` (share of
        the way to the first step where it is broken), ``variable`` (``"a"`` or ``"b"`` for a difference),
        ``stage`` (empty for a difference), ``claim``, ``in_words`` (all three, for reading). Empty if nothing breaks.

    Raises
    ------
    CvmError
        If ``steps`` is no whole number of at least 1.

    Examples
    --------
    >>> broken = first_to_break(Relationship(fixed_cost=2_000), steps=20)
    >>> broken.head(2)[["way", "claim"]].values.tolist()[0][0]
    0.05
    """
    checked("steps", steps, Limits("lifecycle.steps", minimum=1, whole=True))
    start = start or Relationship()
    ways = np.arange(steps + 1) / steps
    broken = np.array([_broken(_between(start, relationship, way)) for way in ways])
    marks = broken & ~broken[0]
    first = marks.argmax(axis=0)
    claims = _claims()
    rows = [
        {"way": float(ways[first[place]]), **claims[place], "in_words": _spoken(claims[place])}
        for place in np.argsort(first, kind="stable")
        if marks[:, place].any()
    ]
    return pd.DataFrame(rows, columns=["way", "variable", "stage", "claim", "in_words"])


def _claims() -> list[dict[str, str]]:
    table = table_3_1()[["variable", "stage", "claim"]].to_dict("records")
    return [{str(name): str(text) for name, text in row.items()} for row in table] + [
        {"variable": letter, "stage": "", "claim": term(f"lifecycle.claim_{name}")}
        for name, letter in DIFFERENCES.items()
    ]


def broken_claims(relationship: Relationship) -> list[str]:
    """Return the claims that do not hold, the two differences first, then the rows of Table 3-1, in words.

    Examples
    --------
    >>> broken_claims(Relationship(left_at=0.7))
    ['volume in decline: falls back']
    """
    broken = _broken(relationship)
    claims = [claim for claim, is_broken in zip(_claims(), broken, strict=True) if is_broken]
    return [_spoken(claim) for claim in sorted(claims, key=lambda claim: claim["stage"] != "")]


def _spoken(claim: dict[str, str]) -> str:
    if not claim["stage"]:
        return claim["claim"]
    said = {"variable": _named(claim["variable"]), "stage": term(claim["stage"]), "claim": claim["claim"]}
    return say("lifecycle.claim_in_words", **said)


def _broken(relationship: Relationship) -> list[bool]:
    found = table_findings(relationship) + difference_findings(relationship)
    return [not finding.holds for finding in found]


def _between(start: Relationship, end: Relationship, way: float) -> Relationship:
    here, there = start.values(), end.values()
    mixed = {name: here[name] + way * (there[name] - here[name]) for name in here}
    whole = {name: round(mixed[name]) for name, limits in start.limits().items() if limits.whole}
    return start.replace(**mixed | whole)
