"""What columns of a table of subscribers must not be taken for: contracts, currencies, telephone numbers, answers."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.subscribers import Subscribers, read


def table(columns: dict[str, object], **options: object) -> Subscribers:
    return read(pd.DataFrame({"customer_id": ["1", "2", "3"], "churn": ["1", "0", "0"], **columns}), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("header", ["Contract Length (months)", "Contract Duration", "contract_length_months"])
def test_the_term_of_a_contract_is_no_tenure(header: str) -> None:
    found = table({header: ["12", "24", "12"]})
    assert found.columns["contract"] == header and "tenure" not in found.columns
    both = table({header: ["12", "24", "12"], "months_on_book": ["5", "6", "7"]})
    assert both.columns["tenure"] == "months_on_book" and both.customers["contract"].tolist() == ["12", "24", "12"]


@pytest.mark.parametrize("header", ["Membership Length (months)", "contract_age_months", "Vertragslaufzeit", "tenure"])
def test_the_age_of_a_contract_is_a_tenure(header: str) -> None:
    assert table({header: ["12", "24", "12"]}).columns["tenure"] == header


def error_of(columns: dict[str, object]) -> CvmError:
    with pytest.raises(CvmError) as found:
        table(columns)
    return found.value


def test_charges_in_several_currencies_are_refused() -> None:
    error = error_of({"Monthly charge": ["100 EUR", "100 USD", "100 EUR"]})
    assert error.key == "subscribers.several_currencies" and "EUR (2), USD (1)" in str(error)
    beside = error_of({"Monthly charge": ["100", "90", "80"], "currency": ["USD", "EUR", "USD"]})
    assert beside.key == "subscribers.several_currencies" and "USD (2), EUR (1)" in str(beside)


def test_charges_in_one_currency_are_read() -> None:
    for cells in (["100 EUR", "€90", "80"], ["100", "90", "80"]):
        found = table({"Monthly charge": cells, "currency": ["EUR", "EUR", "EUR"]})
        assert found.customers["monthly_charge"].tolist() == [100.0, 90.0, 80.0]


def test_texts_hardly_any_of_which_is_a_number_stay() -> None:
    phones = ["555 123 4567", "555 123 4568", "555 123 4569"]
    assert table({"v": phones}).customers["v"].tolist() == phones
    assert table({"v": ["1 234 567", "2 000 000", "10 000"]}).customers["v"].tolist() == [1234567.0, 2e6, 1e4]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "UTC"])
def test_a_date_with_a_zone_is_that_of_the_clocks_there(zone: str) -> None:
    joined = pd.to_datetime(["2023-01-01 00:00", "2023-05-01 23:30", None]).tz_localize(zone)
    frame = {"join_date": joined, "last": joined}
    found = table(frame, as_of="2024-01-01").customers
    assert found["joined_date"].dt.strftime("%Y-%m-%d").tolist()[:2] == ["2023-01-01", "2023-05-01"]
    assert found["last"].dt.strftime("%Y-%m-%d").tolist()[:2] == ["2023-01-01", "2023-05-01"]
    assert found["joined_date"].isna().tolist() == [False, False, True]
    assert frame["join_date"] is joined and str(joined.tz) == zone


def _many(rows: int = 60) -> tuple[list[str], list[str]]:
    left = ["1" if row % 4 == 0 else "0" for row in range(rows)]
    return [str(row) for row in range(rows)], left


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("words", [("1", "0"), ("yes", "no"), ("True", "False"), ("是", "否")])
def test_what_is_equal_to_who_left_is_no_feature(words: tuple[str, str], turned: bool) -> None:
    ids, left = _many()
    yes, no = reversed(words) if turned else words
    same = [yes if answer == "1" else no for answer in left]
    found = read(pd.DataFrame({"customer_id": ids, "churn": left, "used_app": same}))
    assert found.features == () and "used_app" not in found.customers
    assert any("'used_app'" in note and "equal to who left" in note for note in found.notes)
    # one row that differs: it may say something beforehand
    same[7] = yes if same[7] == no else no
    other = read(pd.DataFrame({"customer_id": ids, "churn": left, "used_app": same, "IsActiveMember": same}))
    assert other.features == ("used_app", "IsActiveMember")


@pytest.mark.parametrize("header", ["active", "is_active", "在网状态"])
def test_a_small_table_goes_by_the_name(header: str) -> None:
    assert table({header: ["0", "1", "1"], "gift": ["0", "1", "1"]}).features == ("gift",)
    assert table({header: ["0", "1", "0"]}).features == (header,)
