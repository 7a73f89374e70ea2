"""How stages and patterns fare in the worlds of `stage_worlds`, beside a plain rule: one row per world."""

import numpy as np
import pandas as pd
from stage_worlds import plain_rule, tuned, unseen

from cvmlab import patterns, stages
from cvmlab.relationship.lifecycle import DECLINE, ENDED, EXPLORATION, FORMATION, STABILITY

WORLDS = {
    "no flat": {},
    "30% flat": {"flat": 0.3},
    "30% flat, calm": {"flat": 0.3, "calm": True},
    "60% flat": {"flat": 0.6},
    "all flat": {"flat": 1.0},
    "30% flat, half empty": {"flat": 0.3, "empty": 0.5},
}
_NAMES = list(patterns.PATTERNS)


def table(seeds):
    """Return the means over the seeds: one row per generator and world."""
    rows = {}
    for make in (tuned, unseen):
        for name, options in WORLDS.items():
            graded = [grades(make(seed, **options)) for seed in seeds]
            rows[f"{make.__name__}, {name}"] = pd.DataFrame(graded).mean()
    return pd.DataFrame(rows).T


def grades(world):
    """Return what is found in a world, by the model with the settings of the report, and by a plain rule."""
    model = stages.fit(world.panel, customers=800, iterations=12)
    decoded = stages.decode(world.panel, model)
    stage, true = decoded.stage, world.stage
    plain = plain_rule(world.panel)
    flat = (true == STABILITY) & world.flat
    sure = (decoded.confidence > 0.9) & (stage > 0) & (stage < ENDED) & (true > 0)
    return {
        "macro-F1": stages.grade(decoded, true).macro_f1,
        "plain rule": stages.grade(plain, true, first=world.panel.first).macro_f1,
        "flat misnamed": _mean(np.isin(stage[flat], [EXPLORATION, FORMATION])),
        "explorers": (stage[-1] == EXPLORATION).sum(),
        "truly": (true[-1] == EXPLORATION).sum(),
        ">.9 stated": _mean(decoded.confidence[sure]),
        ">.9 right": _mean((stage == true)[sure]),
        "decline recall": _mean(stage[-1][true[-1] == DECLINE] == DECLINE),
        "decline precision": _mean(true[-1][stage[-1] == DECLINE] == DECLINE),
        **_of_patterns(world, model),
    }


def _of_patterns(world, model):
    said = patterns.classify(world.panel, model, draws=20, seed=0)
    named, true = said["pattern"].to_numpy(), world.pattern
    both = (named != "") & (true != "")
    named, true = named[both], true[both]
    f1 = [
        2 * ((named == x) & (true == x)).sum() / ((named == x).sum() + (true == x).sum()) for x in _NAMES if x in true
    ]
    return {
        "patterns' F1": np.mean(f1),
        "stated": _mean(said["confidence"].to_numpy()[both]),
        "right": _mean(named == true),
    }


def _mean(values):
    return float(np.mean(values)) if len(values) else np.nan
