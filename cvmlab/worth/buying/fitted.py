"""What the two models of buying share: estimates with their standard errors, and what limits the use of a fit."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.words import say

Array = NDArray[np.float64]


class Fitted:
    """Base of the models; each names its parameters, all above 0."""

    NAMES: ClassVar[tuple[str, ...]]
    covariance: Array
    problem: str

    def __post_init__(self) -> None:
        for name in self.NAMES:
            check_parameter(name, getattr(self, name), 0, open_minimum=True)

    @property
    def warning(self) -> str:
        """What limits the use of the fit, a sentence in the language in force; empty if nothing does."""
        return say(self.problem) if self.problem else ""

    def parameters(self) -> pd.DataFrame:
        """Return ``parameter``, ``estimate`` and ``standard_error``, a row per parameter."""
        estimates = [getattr(self, name) for name in self.NAMES]
        errors = np.sqrt(np.diag(self.covariance))
        return pd.DataFrame({"parameter": self.NAMES, "estimate": estimates, "standard_error": errors})
