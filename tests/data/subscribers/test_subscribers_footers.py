"""Rows at the foot of a table that are no customers."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab.data.subscribers import Subscribers, read

ROWS = 12


def table(last: str | None, figures: tuple[object, ...] = (99, 300.5, "1"), ids: str = "C") -> Subscribers:
    rows = [(f"{ids}{row}", 10 + row, 20.5 + row, "1" if row % 3 == 0 else "0") for row in range(ROWS)]
    columns = ["customer_id", "tenure_months", "monthly_charge", "churned"]
    return read(pd.DataFrame([*rows, (last, *figures)], columns=columns))


WORDS = [
    "Suma", "Totale", "Totaux", "Moyenne", "Promedio", "Media", "Median", "Max", "Min", "n", "Std", "Σ", "Anzahl",
    "Всего", "合計", "共12户", "Sub-total", "Total (12)", "Total customers", "12 customers", "End of report", "Total",
    "Durchschnitt", "Mittelwert", "Somme", "Totaal", "Total geral", "平均值", "总数", "小计:", "GRAND TOTAL", "Summe:",
]  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_a_word_for_a_figure_is_no_customer(word: str) -> None:
    found = table(word)
    assert len(found.customers) == ROWS and found.left_out["reason"].tolist() == ["total_row"]


@pytest.mark.parametrize("word", ["Insgesamt alle", "Alle", None])
@pytest.mark.parametrize("figures", [(186, 312.0, "4"), (15.5, 26.0, "0"), (186, None, "4")])
def test_sums_and_means_of_the_rows_above_are_no_customer(word: str | None, figures: tuple[object, ...]) -> None:
    found = table(word, figures)
    assert len(found.customers) == ROWS and found.left_out["reason"].tolist() == ["total_row"]


@pytest.mark.parametrize(
    ("last", "figures"), [("Dupont", (7, 29.0, "1")), (None, (7, 29.0, "1")), ("C99", (186, 312, "1"))]
)
def test_a_customer_whose_id_is_a_word_or_blank_stays(last: str | None, figures: tuple[object, ...]) -> None:
    assert len(table(last, figures).customers) == ROWS + 1


def test_among_names_max_is_a_customer() -> None:
    names = ["Anna", "Bert", "Carl", "Dora", "Emil", "Fritz", "Max"]
    frame = pd.DataFrame({"customer_id": names, "tenure": range(7), "churn": [1, 0, 0, 0, 0, 0, 1]})
    assert read(frame).customers["customer_id"].tolist() == names
