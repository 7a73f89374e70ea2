"""Histories of known truth, and how they are classified."""

from __future__ import annotations

import pytest

from cvmlab import simulated as relationships
from cvmlab import stages


@pytest.fixture(scope="module")
def known() -> relationships.Relationships:
    return relationships.simulate_relationships(relationships.Population(), 400, 60, seed=7)


@pytest.fixture(scope="module")
def model(known: relationships.Relationships) -> stages.StageModel:
    return stages.fit(known.panel, seed=0)
