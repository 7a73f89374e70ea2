"""What a panel must be for stages to be told from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import CvmError
from ..tables import REVENUE
from .evidence import EVIDENCE

if TYPE_CHECKING:
    from ..tables import Panel

__all__ = ["check_panel"]


def check_panel(panel: Panel) -> None:
    """Raise `CvmError` unless the panel has periods, customers, revenue and finite figures.

    Examples
    --------
    >>> from cvmlab.relationships import Population, simulate_relationships
    >>> check_panel(simulate_relationships(Population(), customers=2, periods=3, seed=1).panel)
    """
    if REVENUE not in panel.values:
        raise CvmError("stages.no_revenue", names=", ".join(panel.values))
    if not panel[REVENUE].size:
        raise CvmError("stages.empty_panel", periods=len(panel.period), customers=len(panel.customer_id))
    for name in EVIDENCE:
        if name not in panel.values:
            continue
        # a sum is finite only if all figures are, short of an overflow; looking for them is slower
        if not np.isfinite(panel[name].sum()) and not np.isfinite(panel[name]).all():
            period, customer = np.argwhere(~np.isfinite(panel[name]))[0]
            raise CvmError(
                "stages.not_finite",
                column=name,
                customer=panel.customer_id[customer],
                period=str(panel.period[period])[:10],
            )
