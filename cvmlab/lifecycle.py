"""The life of a relationship: four stages, the variables that move with them, the typical life curve (S01–S03, S05).

A door to four rooms: the model of a life (`cvmlab.life_curve`), what the textbook claims about it and when
that holds (`cvmlab.life_claims`), whether the long-lived are the profitable (`cvmlab.long_lived`), and, here,
what to do in each stage.

>>> curve = life_curve(Relationship())
>>> curve.groupby("stage", sort=False)["profit"].mean().round().to_dict()
{'exploration': 54.0, 'formation': 1327.0, 'stability': 4531.0, 'decline': 3356.0}
"""

from __future__ import annotations

import pandas as pd

from .life_claims import (
    check_differences,
    check_table,
    first_to_break,
    meets_textbook,
    table_3_1,
    textbook_conditions,
)
from .life_curve import (
    DECLINE,
    ENDED,
    EXPLORATION,
    FORMATION,
    STABILITY,
    STAGES,
    Relationship,
    cost_per_unit,
    indirect_benefit,
    lagged,
    level_path,
    life_curve,
    price,
    profit_by_source,
    stage_path,
    variables,
    volume,
)
from .long_lived import profit_by_relationship, summarise_years
from .vocabulary import read_rules, term

__all__ = [
    "DECLINE",
    "ENDED",
    "EXPLORATION",
    "FORMATION",
    "STABILITY",
    "STAGES",
    "Relationship",
    "check_differences",
    "check_table",
    "cost_per_unit",
    "first_to_break",
    "indirect_benefit",
    "lagged",
    "level_path",
    "life_curve",
    "meets_textbook",
    "price",
    "profit_by_relationship",
    "profit_by_source",
    "stage_map",
    "stage_path",
    "summarise_years",
    "table_3_1",
    "textbook_conditions",
    "variables",
    "volume",
]


def stage_map(language: str | None = None) -> pd.DataFrame:
    """Return the five-stage view beside the four stages, with a strategy for each (CVM-ENC §4).

    The fifth stage, departure, is what comes after the end of the four. The strategies for growth
    (high-value customers) and maturity (cross-selling, loyalty) are the source's, the rest is ours.

    Parameters
    ----------
    language
        ``"en"`` or ``"zh"``; the language in force if left out.

    Returns
    -------
    pandas.DataFrame
        A row a stage in its order: ``five_stage``, ``stage`` (codes; ``"ended"`` after the end),
        ``five_stage_name``, ``stage_name``, ``signs``, ``strategy``, ``first_step``, ``caution`` (texts).

    Raises
    ------
    CvmError
        For an unknown language.

    Examples
    --------
    >>> stage_map()[["five_stage_name", "stage_name"]].head(2).values.tolist()
    [['acquisition', 'exploration'], ['growth', 'formation']]
    """
    rows = [
        {
            "five_stage": row["five_stage"],
            "stage": row["stage"],
            "five_stage_name": term(row["five_stage"], language),
            "stage_name": term(row["stage"] if row["stage"] in STAGES else f"lifecycle.{row['stage']}", language),
            **{text: row[text] for text in ("signs", "strategy", "first_step", "caution")},
        }
        for row in sorted(read_rules("stage_strategies", language), key=lambda row: int(row["order"]))
    ]
    return pd.DataFrame(rows)
