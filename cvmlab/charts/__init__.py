"""Charts: a computed frame in, Axes out.

Every function takes the frame that a subject module computed and an optional ``ax`` (a new figure
otherwise), labels the axes with their unit in the language in force, writes its message above the
picture, and changes neither the frame nor the user's rcParams. Pictures read in grey and for the
colour-blind: lightness, line style, marker or hatch differ wherever colour does.

>>> import cvmlab as cvm
>>> import pandas as pd
>>> curve = pd.DataFrame({"customer_share": [0.2, 1.0], "cumulative_share": [0.53, 1.0]})
>>> cvm.charts.plot_concentration(curve).get_xlabel()
'share of customers, the largest first'
"""

from __future__ import annotations

from .decoding import plot_confusion, plot_histories
from .funnel import plot_flows, plot_funnel
from .life import plot_life_curve, plot_long_lived, plot_profit_sources, plot_variables
from .over_time import plot_base, plot_forecast
from .patterns import plot_lost_profit, plot_pattern_shares, plot_patterns
from .people import plot_calls
from .shares import plot_concentration, plot_whale
from .trials import plot_backtest, plot_calibration
from .value_types import plot_matrix, plot_migration, plot_sensitivity

__all__ = [
    "plot_backtest", "plot_base", "plot_calibration", "plot_calls", "plot_concentration", "plot_confusion",
    "plot_flows", "plot_forecast", "plot_funnel", "plot_histories", "plot_life_curve", "plot_long_lived",
    "plot_lost_profit", "plot_matrix", "plot_migration", "plot_pattern_shares", "plot_patterns",
    "plot_profit_sources", "plot_sensitivity", "plot_variables", "plot_whale",
]  # fmt: skip
