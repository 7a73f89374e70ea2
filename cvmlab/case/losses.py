"""What customers would take with them, as customers of whom the same was said in the backtest correct it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from . import actions

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def chance_gone(customers: pd.DataFrame) -> NDArray[np.float64]:
    """Return each customer's probability to buy nothing in the months ahead."""
    return np.asarray(1 - customers["chance_to_buy"].to_numpy(float))


def of_the_backtest(earlier: pd.DataFrame | None) -> dict[str, Any]:
    """Return what was said of such customers in the backtest and what they did, as `actions` takes it."""
    if earlier is None:
        return {}
    return {"earlier_chance": chance_gone(earlier), "earlier_gone": ~earlier["bought"].to_numpy(bool)}


def loss_of(customers: pd.DataFrame, earlier: dict[str, Any]) -> tuple[float, float, float]:
    """Return the yearly money that customers will not bring, as what such customers did in the backtest corrects it."""
    return actions.lost_money(chance_gone(customers), customers["yearly_contribution"].to_numpy(float), **earlier)


def share_leaving(recommended: Mapping[Any, Any]) -> float:
    """Return the share of an action's customers whose leaving makes the money at stake, by what one of them brings."""
    all_of_it = recommended["customers"] * recommended["gain"]
    return recommended["at_stake"] / all_of_it if all_of_it > 0 else math.nan
