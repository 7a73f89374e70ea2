"""Decoding beside its rivals: what a rule of thumb reaches, and what nobody could beat by much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.words import term
from cvmlab.relationship.lifecycle import STAGES

from .decoding import decode
from .fitting import fit_from_truth
from .grading import Grade, grade
from .thumb import rule_of_thumb

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    from .model import StageModel


def compare(panel: Panel, truth: NDArray[np.integer], model: StageModel | None = None) -> pd.DataFrame:
    """Grade three ways to tell stages on histories whose stages are known.

    Parameters
    ----------
    panel
        The histories.
    truth
        True codes of stages, shape (periods, customers).
    model
        From `fit`; fitted on this panel if left out.

    Returns
    -------
    pandas.DataFrame
        One row a way, in the language in force: the rule of thumb, decoding, and decoding with the true parameters
        (`fit_from_truth`), which shows how much the histories hold at all. Columns ``way``, ``macro_f1`` (mean of the
        F1 of the stages), then the F1 of ``exploration``, ``formation``, ``stability``, ``decline``, ``ended``.

    Raises
    ------
    CvmError
        As `decode` and `grade`.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=200, periods=36, seed=1)
    >>> compare(known.panel, known.stage)["way"].tolist()
    ['rule of thumb', 'decoding', 'decoding, true parameters']
    """
    import pandas as pd

    true = np.asarray(truth)
    graded = {
        "stages.by_rule": grade(rule_of_thumb(panel), true, first=panel.first),
        "stages.by_decoding": grade(decode(panel, model), true),
        "stages.by_true_parameters": grade(decode(panel, fit_from_truth(panel, true)), true),
    }
    return pd.DataFrame([_row(term(key), found) for key, found in graded.items()])


def _row(way: str, found: Grade) -> dict[str, object]:
    by_stage = found.by_stage.set_index("stage")["f1"]
    return {"way": way, "macro_f1": found.macro_f1, **{name: by_stage[name] for name in (*STAGES, "ended")}}
