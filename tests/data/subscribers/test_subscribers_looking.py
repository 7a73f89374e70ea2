"""Which tables are taken for tables of subscribers: by who left and how long, not for a price beside them."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab.data.subscribers import is_table_of_subscribers

ROWS = 12
CUSTOMERS = [f"C{row}" for row in range(ROWS)]
DAYS = [f"2024-01-{1 + row:02}" for row in range(ROWS)]
SOME = [day if row % 3 == 0 else None for row, day in enumerate(DAYS)]


def table(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns)


@pytest.mark.parametrize(
    "name",
    [
        "price",
        "product",
        "quantity",
        "discount",
        "order_date",
        "payment_date",
        "order_id",
        "Payment Status",
        "invoice_no",
    ],
)
def test_what_a_firm_knows_of_a_customer_does_not_make_a_log(name: str) -> None:
    churn = [row % 3 == 0 for row in range(ROWS)]
    beside = {name: [f"{row}" for row in range(ROWS)]}
    whole = pd.DataFrame({"customer_id": CUSTOMERS, **beside, "tenure": range(ROWS), "Churn": churn})
    assert is_table_of_subscribers(whole)
    # several rows of one customer, or no tenure: orders with a mark
    assert not is_table_of_subscribers(whole.assign(customer_id=["A", "B"] * 6))
    if name != "Payment Status":
        assert not is_table_of_subscribers(whole.drop(columns="tenure"))


def test_dates_of_joining_and_leaving_are_enough() -> None:
    firms = [f"Firm {row}" for row in range(ROWS)]
    crm = pd.DataFrame({"Account Name": firms, "Customer Since": "2020-01-01", "Churn Date": SOME, "MRR": range(ROWS)})
    assert is_table_of_subscribers(crm)
    assert is_table_of_subscribers(table(customer_id=CUSTOMERS, created_at="2020-01-01", canceled_at=SOME))


def test_every_row_twice_is_one_table() -> None:
    one = pd.DataFrame(
        {"customer_id": CUSTOMERS, "tenure": range(ROWS), "churn": [row % 3 == 0 for row in range(ROWS)]}
    )
    assert is_table_of_subscribers(pd.concat([one, one]))
    assert not is_table_of_subscribers(pd.concat([one, one.assign(tenure=one["tenure"] + 1)]))


KINDS = ["session", "case", "ticket", "task", "reservation", "loan", "chat", "opportunity", "parcel", "campaign"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_an_id_of_its_own_beside_the_customer_is_no_customer(kind: str) -> None:
    numbers = {f"{kind}_id": [f"X{row}" for row in range(ROWS)], "customer_id": CUSTOMERS}
    assert not is_table_of_subscribers(table(**numbers, joined_at=DAYS, left_at=SOME))
    assert not is_table_of_subscribers(table(**numbers, created_at=DAYS, closed_at=SOME))
    status = ["Closed" if row % 3 == 0 else "Open" for row in range(ROWS)]
    assert not is_table_of_subscribers(table(**numbers, start_date=DAYS, status=status))
    assert not is_table_of_subscribers(
        table(**numbers, start_date=DAYS, cancelled=[row % 3 == 0 for row in range(ROWS)])
    )


@pytest.mark.parametrize(
    "columns",
    [
        {"customer_id": CUSTOMERS, "start_date": DAYS, "end_date": SOME, "daily_rate": range(ROWS)},
        {"Opportunity": CUSTOMERS, "Account": CUSTOMERS, "Close Date": DAYS, "Stage": "Won", "Lost": [0, 1] * 6},
        {"campaign": CUSTOMERS, "start_date": DAYS, "end_date": DAYS, "budget": range(ROWS), "active": [0, 1] * 6},
        {"project": CUSTOMERS, "start_date": DAYS, "end_date": SOME},
        {
            "customer_id": CUSTOMERS,
            "state": ["TX", "CA", "NY", "WA", "OR", "FL", "ME"] + ["NV"] * 5,
            "signup_date": DAYS,
        },
    ],
)
def test_other_lists_are_none(columns: dict[str, object]) -> None:
    assert not is_table_of_subscribers(pd.DataFrame(columns))


def test_a_total_below_the_answers_hides_no_table() -> None:
    rows = [*((f"C{row}", str(row), "Yes" if row % 3 == 0 else "No") for row in range(ROWS)), ("Total", "66", "4")]
    assert is_table_of_subscribers(pd.DataFrame(rows, columns=["customer_id", "tenure", "churned"]))
    shares = pd.DataFrame({"customer_id": CUSTOMERS, "state": "lost", "user_lost": 0.006})
    assert not is_table_of_subscribers(shares)
