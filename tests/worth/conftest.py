"""The CDNOW sample."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def cdnow() -> pd.DataFrame:
    """Return the CDNOW 1/10 sample (weeks there, days here), from the files of a development dependency."""
    package = importlib.util.find_spec("lifetimes")
    assert package is not None and package.origin is not None
    table = pd.read_csv(Path(package.origin).parent / "datasets/cdnow_customers_summary_with_transactions.csv")
    return pd.DataFrame(
        {
            "customer_id": table["ID"].astype(str),
            "frequency": table["x"],
            "recency": (table["t_x"] * 7).round().astype(int),
            "age": (table["T"] * 7).round().astype(int),
            "monetary_value": table["zbar"],
        }
    )
