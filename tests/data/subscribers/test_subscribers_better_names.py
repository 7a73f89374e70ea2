"""Of several columns the one with the better name is taken, wherever it stands; names of tenures and charges."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab.core.words import CvmError
from cvmlab.data.subscribers import Subscribers, read

ROWS = 12


def table(columns: dict[str, object]) -> Subscribers:
    return read(pd.DataFrame({"churned": [row % 3 == 0 for row in range(ROWS)], **columns}))


IDS = [f"C{row}" for row in range(ROWS)]
NUMBERS = [10.0 + row for row in range(ROWS)]
DAYS = [f"2020-0{1 + row % 9}-01" for row in range(ROWS)]


@pytest.mark.parametrize(
    ("role", "worse", "better", "cells"),
    [
        ("charge", "Monthly Revenue", "Monthly Charges", NUMBERS), ("charge", "MonthlyRate", "MonthlyCharges", NUMBERS),
        ("charge", "monthly_rent", "monthly_charge", NUMBERS), ("charge", "ARPU", "monthly_fee", NUMBERS),
        ("tenure", "Account Length", "Tenure in Months", NUMBERS), ("tenure", "vintage", "tenure_months", NUMBERS),
        ("tenure", "account_age_days", "tenure_months", NUMBERS), ("tenure", "loyalty_years", "Tenure", NUMBERS),
        ("joined_date", "contract_start_date", "customer_since", DAYS), ("customer_id", "user_id", "Customer ID", IDS),
        ("customer_id", "account_id", "customer_id", IDS),
    ],
)  # fmt: skip
def test_the_better_name_wins_and_the_other_is_said(role: str, worse: str, better: str, cells: list[object]) -> None:
    rest = {} if role == "customer_id" else {"customer_id": IDS}
    other = ["2024-01-01"] * ROWS if role == "joined_date" else [*cells[:6], *cells[:6]]
    for columns in ({worse: other, better: cells}, {better: cells, worse: other}):
        found = table({**rest, **columns})
        assert found.columns[role] == better
        assert any(f"'{worse}' could have been meant" in note and role in note for note in found.notes)


@pytest.mark.parametrize(
    "header",
    [
        "Vertragsdauer in Monaten", "antiguedad_meses", "Vertragsdauer_Monate", "Anzianità", "MOB", "aon", "在網月數",
        "subscription_length_months", "tenure_m", "tempo de casa (meses)", "Mesi cliente",
    ],
)  # fmt: skip
def test_names_of_a_tenure_in_months(header: str) -> None:
    found = table({"customer_id": IDS, header: NUMBERS})
    assert found.columns["tenure"] == header and found.customers["tenure_months"].tolist() == NUMBERS


@pytest.mark.parametrize(
    "header", ["antiguedad_dias", "Vertragsdauer_Tage", "anciennete_jours", "tenure_d", "在网天数"]
)
def test_names_of_a_tenure_in_days(header: str) -> None:
    found = table({"customer_id": IDS, header: [30.4375 * months for months in NUMBERS]})
    assert found.customers["tenure_months"].tolist() == pytest.approx(NUMBERS)
    assert found.tenure_unit == "days" and any("counts days" in note for note in found.notes)


@pytest.mark.parametrize(
    "header",
    ["Tarif mensuel", "Canone mensile", "Mensalidade", "MTHLY_CHG", "mrr_amount", "price_per_month", "Monatsrate"],
)
def test_names_of_a_monthly_charge(header: str) -> None:
    found = table({"customer_id": IDS, header: NUMBERS})
    assert found.columns["charge"] == header and found.customers["monthly_charge"].tolist() == NUMBERS


@pytest.mark.parametrize("status", ["Customer Status", "客户状态"])
def test_a_status_that_says_who_left_is_surer_than_a_flag_of_inactivity(status: str) -> None:
    words = ["Churned" if row % 3 == 0 else "Stayed" for row in range(ROWS)]
    idle = [row % 2 for row in range(ROWS)]
    found = read(pd.DataFrame({"customer_id": IDS, "inactive": idle, status: words}))
    assert found.columns["churned"] == status and int(found.customers["left"].sum()) == 4
    # where the words say nothing of leaving, the flag is what there is
    other = read(pd.DataFrame({"customer_id": IDS, "inactive": idle, status: ["gold" if i else "blue" for i in idle]}))
    assert other.columns["churned"] == "inactive"


@pytest.mark.parametrize(
    ("header", "least", "months"),
    [
        ("tenure_years", "10+", 120), ("tenure", "72+", 72), ("tenure_years", "> 10", 120),
        ("tenure", "10+ years", 120), ("在网年限", "10年以上", 120), ("tenure", "60 or more", 60),
    ],
)  # fmt: skip
def test_a_tenure_of_at_least_so_much_counts_as_that_and_is_said(header: str, least: str, months: float) -> None:
    found = table({"customer_id": IDS, header: [*map(str, range(1, ROWS)), least]})
    assert found.customers["tenure_months"].iloc[-1] == months
    assert not found.customers["tenure_months"].isna().any()
    assert any("at least" in note and least in note for note in found.notes)


def test_a_tenure_in_ranges_can_stay_as_a_feature() -> None:
    ranges = {"customer_id": IDS, "Tenure": ["0-12", "13-24", "25-48"] * 4, "charge": NUMBERS}
    with pytest.raises(CvmError, match="ranges such as 0-12 then stay as a feature"):
        table(ranges)
    found = read(pd.DataFrame({"churned": [row % 3 == 0 for row in range(ROWS)], **ranges}), columns={"tenure": ""})
    assert "Tenure" in found.features and "tenure_months" not in found.customers
