"""What decoding a panel returns: stages, their confidence and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.data.tables import CUSTOMER_ID, PERIOD
from cvmlab.relationship.lifecycle import STAGES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from .model import StageModel


#: Names of the codes 0 … 5.
NAMES = ("", *STAGES, "ended")


@dataclass(frozen=True)
class Decoded:
    """Stages recovered from histories: estimated, not known.

    Attributes
    ----------
    customer_id, period, months, first
        As in the `Panel` they come from.
    stage
        Codes 0 none, 1 exploration, 2 formation, 3 stability, 4 decline, 5 ended; shape (periods, customers), uint8.
    confidence
        Posterior probability of that stage given the whole history, shape (periods, customers), float32; 0 where the
        code is 0.
    model
        The model they were told by.
    """

    customer_id: NDArray[np.object_]
    period: NDArray[np.datetime64]
    months: int
    first: NDArray[np.int64]
    stage: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    model: StageModel

    def to_frame(self) -> pd.DataFrame:
        """Return one row a customer and period, from each customer's first period on.

        Returns
        -------
        pandas.DataFrame
            ``customer_id``, ``period`` (its first day), ``stage`` (text, ``"ended"`` after the end), ``confidence``
            (0 to 1); sorted by customer, then period.
        """
        import pandas as pd

        periods, customers = self.stage.shape
        row, column = np.tile(np.arange(periods), customers), np.repeat(np.arange(customers), periods)
        keep = row >= self.first[column]
        row, column = row[keep], column[keep]
        return pd.DataFrame(
            {
                CUSTOMER_ID: self.customer_id[column],
                PERIOD: self.period[row],
                "stage": np.array(NAMES, dtype=object)[self.stage[row, column]],
                "confidence": self.confidence[row, column],
            }
        )
