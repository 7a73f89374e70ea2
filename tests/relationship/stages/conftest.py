"""Histories of known truth from two generators, decoded."""

import pytest

from cvmlab import stages
from cvmlab.relationship.simulated import Population, simulate_relationships


@pytest.fixture(scope="module")
def own():
    return simulate_relationships(Population(), customers=700, periods=60, seed=11)


@pytest.fixture(scope="module")
def decoded_own(own):
    return stages.decode(own.panel)
