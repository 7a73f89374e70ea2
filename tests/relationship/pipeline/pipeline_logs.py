"""Logs of leads for the tests of the pipeline, made by hand or at random."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st

from cvmlab.relationship.pipeline import STATES, PipelineRates

TRUTH = PipelineRates()


few = settings(max_examples=40, deadline=None)


def log_of(*rows: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "state"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


SMALL = log_of(
    ("a", "2024-01-01", "target"),
    ("a", "2024-02-01", "prospect"),
    ("a", "2024-04-01", "opportunity"),
    ("b", "2024-01-15", "target"),
    ("b", "2024-01-25", "lost"),
    ("c", "2024-03-01", "target"),
)


@st.composite
def logs(draw):
    """Logs of a few customers, in any order of rows, with repeated states."""
    rows = []
    for customer in range(draw(st.integers(1, 6))):
        days = draw(st.lists(st.integers(0, 900), min_size=1, max_size=8, unique=True))
        rows += [
            (f"{customer:03d}", np.datetime64("2020-01-01") + day, draw(st.sampled_from(STATES)))
            for day in sorted(days)
        ]
    frame = pd.DataFrame(draw(st.permutations(rows)), columns=["customer_id", "date", "state"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


MONEY = log_of(
    ("a", "2024-01-01", "order"), ("a", "2024-03-01", "user"), ("b", "2024-02-01", "target"),
    ("a", "2024-06-01", "user"),
).assign(
    event=["order", "delivered", "call", "repeat_purchase"], value=[10.0, 0.0, 0.0, 90.0], cost=[5.0, 2.0, 1.0, 0.0],
    amount=[900.0, 0.0, 0.0, 120.0], paid=[300.0, 300.0, 0.0, 120.0],
    product=["bagging_machine", None, None, "film_and_bags"],
)  # fmt: skip
