"""The BG/NBD model for logs where customers leave after their first purchase already."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public

from .bg_nbd import BgNbd
from .fit_input import Summary

Array = NDArray[np.float64]


@public
@dataclass(frozen=True)
class MbgNbd(BgNbd):
    """The modified BG/NBD model: a customer may leave after *every* purchase, the first included.

    Batislam, Denizel & Filiztekin 2007, International Journal of Research in Marketing 24(3), 201-209. Attributes as
    those of `BgNbd`. P(alive) is ``1 / (1 + a / (b + x) * ((alpha + T) / (alpha + t_x)) ** (r + x))``, so that a
    customer who came once and is silent fades as everybody does.

    Examples
    --------
    >>> import pandas as pd
    >>> once = pd.DataFrame({"frequency": [0, 0], "recency": [0, 0], "age": [7, 700]})
    >>> MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614).p_alive(once).round(3)
    array([0.626, 0.289])
    """

    KIND: ClassVar[str] = "mbg_nbd"
    FIRST_CHANCE: ClassVar[int] = 1


@public
@dataclass(frozen=True)
class ZeroInflatedBgNbd(BgNbd):
    """The BG/NBD model with a share of customers who come once and never again.

    ``once`` is that share of all customers, 0 to 1; it does not depend on how often the others buy. The rest behaves
    as in `BgNbd`. (Ours: a mass at zero as in zero-inflated count models, Lambert 1992, Technometrics 34(1), 1-14.)

    Examples
    --------
    >>> import pandas as pd
    >>> once = pd.DataFrame({"frequency": [0, 0], "recency": [0, 0], "age": [0, 700]})
    >>> ZeroInflatedBgNbd(r=2, alpha=20, a=0.8, b=9, once=0.7).p_alive(once).round(3)
    array([0.3  , 0.012])
    """

    NAMES: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b", "once")
    KIND: ClassVar[str] = "zero_inflated_bg_nbd"

    covariance: Array = field(default_factory=lambda: np.full((5, 5), np.nan), repr=False, compare=False, hash=False)
    once: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_parameter("once", self.once, 0, 1)

    def _alive(self, summary: Summary) -> Array:
        from scipy.special import expit

        silence = np.log1p(summary.age / self.days_per_unit / self.alpha)
        # odds of "comes again, but has not yet" against "never again"
        comes_again = expit(np.log1p(-self.once) - np.log(self.once) - self.r * silence)
        return np.where(summary.frequency > 0, super()._alive(summary), comes_again)
