"""Tables of subscribers with known truth, made by rules that no estimator here was tuned to."""

from __future__ import annotations

import numpy as np
import pandas as pd


def subscribers(customers: int = 2_000, seed: int = 5) -> pd.DataFrame:
    """Return a table whose column ``truth`` holds each customer's chance of leaving within the month."""
    draw = np.random.default_rng(seed)
    monthly = draw.random(customers) < 0.6
    tenure = np.ceil(draw.gamma(1.3, 18, customers)).astype(int)
    charge = np.round(draw.lognormal(3.7, 0.5, customers), 2)
    # a hump in tenure and a step in the contract: neither a straight line nor a product of both
    truth = np.clip(0.02 + 0.55 * monthly * np.exp(-(((tenure - 6) / 9) ** 2)) + 0.1 * (charge > 60), 0, 0.95)
    return pd.DataFrame(
        {
            "customerID": [f"C{number:05}" for number in range(customers)],
            "tenure": tenure,
            "Contract": np.where(monthly, "Month-to-month", "One year"),
            "MonthlyCharges": charge,
            "gender": draw.choice(["F", "M"], customers),
            "Churn": np.where(draw.random(customers) < truth, "Yes", "No"),
            "truth": truth,
        }
    )


def without_truth(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table as a firm has it."""
    return table.drop(columns="truth")
