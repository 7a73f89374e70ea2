"""The five measures against churn (S22), and what of them the market engine knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvmlab.core.guarding import public
from cvmlab.core.words import read_rules

if TYPE_CHECKING:
    import pandas as pd


@public
def five_measures() -> pd.DataFrame:
    """Return the book's five measures against churn: what each is, what it costs, and what it moves in the market.

    Returns
    -------
    pandas.DataFrame
        One row per measure, in the order of the book and in the language in force: ``measure`` (key), ``name``,
        ``term`` (the book's Chinese term), ``what`` (what the firm does), ``costs`` (what it pays for it),
        ``decisions`` (fields of `cvmlab.market.Decision` by which a carrier takes the measure), ``assumptions``
        (fields of `cvmlab.market.MarketScenario` that say how much it helps and costs) and ``moves`` (what changes in
        the simulated market). Fields are separated by commas; where there are none, the engine does not have the
        measure and ``moves`` says so.

    Notes
    -----
    Measures: CRM3 §3.2.4; costs and the way they appear in the market are ours. What money buys there has falling
    returns: its effect is response · √(money / response_scale).

    Examples
    --------
    >>> measures = five_measures().set_index("measure")
    >>> measures.loc["complaint_management", ["term", "decisions", "assumptions"]].tolist()
    ['客户抱怨管理', 'care', 'complaint_rate, complaint_harm, complaint_cost']
    """
    import pandas as pd

    rules = pd.DataFrame(read_rules("reason_measures"))
    rules["term"] = [rule["name"] for rule in read_rules("reason_measures", "zh")]
    return rules[["measure", "name", "term", "what", "costs", "decisions", "assumptions", "moves"]]
