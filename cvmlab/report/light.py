"""The traffic light for data quality: one word for a manager, by a stated rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cvmlab.data.reading import DataReport

Light = Literal["good", "fair", "poor"]
FAIR_ABOVE, POOR_ABOVE = 0.01, 0.10


def quality_light(quality: DataReport) -> Light:
    """Return ``good``, ``fair`` or ``poor`` (the limits are ours).

    ``poor``: more than 10% of the rows could not be used. ``fair``: more than 1%, or any warning.
    """
    if quality.dropped_share > POOR_ABOVE:
        return "poor"
    return "fair" if quality.dropped_share > FAIR_ABOVE or quality.warnings else "good"
