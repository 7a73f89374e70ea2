"""The simulated pipeline and the course's leads, with their stays."""

from __future__ import annotations

import pytest
from pipeline_logs import TRUTH

from cvmlab import datasets, pipeline
from cvmlab.relationship.pipeline import simulate_pipeline


@pytest.fixture(scope="module")
def made():
    return simulate_pipeline(TRUTH, customers=3_000, seed=5)


@pytest.fixture(scope="module")
def stays(made):
    return pipeline.spells(made.events, as_of=made.as_of)


@pytest.fixture(scope="module")
def leads():
    return datasets.load("packaging_leads")


@pytest.fixture(scope="module")
def leads_stays(leads):
    return pipeline.spells(leads, as_of="2025-12-31")
