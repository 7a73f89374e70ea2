"""Five stages beside the four, and what to do in each (S05, CVM-ENC §4)."""

from __future__ import annotations

import pandas as pd

from cvmlab.core.guarding import public
from cvmlab.core.words import read_rules, term

from .curve import STAGES


@public
def stage_map(language: str | None = None) -> pd.DataFrame:
    """Return the five-stage view beside the four stages, with a strategy for each (CVM-ENC §4).

    The fifth stage, departure, comes after the end of the four. The strategies for growth (high-value customers) and
    maturity (cross-selling, loyalty) are the source's, the rest is ours.

    Parameters
    ----------
    language
        ``"en"`` or ``"zh"``, otherwise refused; the language in force if left out.

    Returns
    -------
    pandas.DataFrame
        One row per stage: ``five_stage``, ``stage`` (codes; ``"ended"`` after the end), ``five_stage_name``,
        ``stage_name``, ``signs``, ``strategy``, ``first_step``, ``caution`` (texts).

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
