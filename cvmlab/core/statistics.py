"""Statistics that several subjects share: a total, an interval for a share, and whether confidence can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


#: Standard deviations of a normal distribution on each side within which 95% lie.
Z_95 = 1.959964
# what the rounding of floats can leave of amounts that cancel out, as a share of their sizes
_ROUNDING = 1e-12


def total_of(amounts: NDArray[np.float64]) -> float:
    """Return the sum of amounts, which is zero where they cancel out but for the rounding of floats.

    Examples
    --------
    >>> 0.3 - 0.1 - 0.2, total_of(np.array([0.3, -0.1, -0.2]))
    (-2.7755575615628914e-17, 0.0)
    """
    total = float(amounts.sum())
    return total if abs(total) > _ROUNDING * float(np.abs(amounts).sum()) else 0.0


def wilson_interval(
    share: NDArray[np.float64], count: NDArray[np.int64], z: float = Z_95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Wilson score interval of observed shares (Wilson 1927); 95% by default.

    Examples
    --------
    >>> low, high = wilson_interval(np.array([0.5]), np.array([100]))
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.404, 0.596)
    """
    spread = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    centre, scale = share + z**2 / (2 * count), 1 + z**2 / count
    return (centre - spread) / scale, (centre + spread) / scale


def confidence_bands(
    stated: NDArray[np.float64], right: NDArray[np.bool_], edges: tuple[float, ...], counted: str
) -> pd.DataFrame:
    """Return stated confidence beside the share that was right, in bands of confidence.

    Parameters
    ----------
    stated, right
        Confidence from 0 to 1 and whether the judgement was right, one element per judgement.
    edges
        Edges of the bands, increasing, from 0 to 1.
    counted
        Name of the column that counts the judgements.

    Returns
    -------
    pandas.DataFrame
        ``confidence_from``, ``confidence_to``, the count, ``confidence`` (mean), ``right`` (share);
        bands without a judgement are left out.
    """
    import pandas as pd

    bands = len(edges) - 1
    band = np.clip(np.searchsorted(edges, stated, side="right") - 1, 0, bands - 1)
    count = np.bincount(band, minlength=bands)
    held = np.maximum(count, 1)
    frame = pd.DataFrame(
        {
            "confidence_from": edges[:-1],
            "confidence_to": edges[1:],
            counted: count,
            "confidence": np.bincount(band, stated, bands) / held,
            "right": np.bincount(band, right, bands) / held,
        }
    )
    return frame[count > 0].reset_index(drop=True)
