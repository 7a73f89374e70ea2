"""What the cells of a table of subscribers may hold: words, tenures, charges, features, each with the right value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvmlab import CvmError
from cvmlab.data.subscribers import Subscribers, read
from cvmlab.data.subscribers.days import months_between
from cvmlab.data.subscribers.tenures import unit_named


def made(text: str, tmp_path: Path, **options: object) -> Subscribers:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return read(path, **options)  # type: ignore[arg-type]


def error_of(text: str, tmp_path: Path, **options: object) -> CvmError:
    with pytest.raises(CvmError) as found:
        made(text, tmp_path, **options)
    return found.value


def answers(words: list[str], header: str = "Churn", **options: object) -> list[bool]:
    frame = pd.DataFrame({"id": [str(number) for number in range(len(words))], header: words})
    return list(read(frame, **options).customers["left"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("left", "stayed"),
    [
        ("yes", "no"), ("1", "0"), ("1.0", "0.0"), ("True", "False"), ("Y", "N"), ("T", "F"), ("True.", "False."),
        ("是", "否"), ("流失", "留存"), ("离网", "在网"), ("已流失", "未流失"), ("Churned", "Stayed"),
        ("churned", "active"),
        ("Attrited Customer", "Existing Customer"), ("LEFT", " stayed "), ("ja", "nein"), ("Sí", "No"), ("oui", "non"),
        ("Cancelled", "Active"), ("closed", "open"), ("Lost", "Current"), ("Churned", "Joined"), ("churn", "non-churn"),
    ],
)  # fmt: skip
def test_words_for_left_and_stayed(left: str, stayed: str) -> None:
    assert answers([left, stayed, stayed]) == [True, False, False]
    assert answers([stayed, left]) == [False, True]


@pytest.mark.parametrize("header", ["Exited", "Attrition_Flag", "is_churn", "left", "left_last_month", "Cancelled"])
def test_headers_in_english(header: str) -> None:
    assert answers(["yes", "no"], header) == [True, False]


@pytest.mark.parametrize(
    "header",
    ["是否流失", "流失", "流失标志", "离网", "是否离网", "退订", "Gekündigt", "Abandono", "résilié"],
)
def test_headers_in_other_languages(header: str) -> None:
    assert answers(["是", "否"], header) == [True, False]


def test_a_column_of_numbers_may_be_typed() -> None:
    for cells in ([1, 0, 0], [1.0, 0.0, 0.0], [True, False, False], [1, 0, None]):
        found = read(pd.DataFrame({"id": ["a", "b", "c"], "churn": cells}))
        assert found.customers["left"].tolist()[:2] == [True, False]
        assert found.customers["left"].dtype == bool


def test_a_probability_is_refused(tmp_path: Path) -> None:
    error = error_of("id,churn\n1,0.91\n2,0.08\n3,0.377\n4,0.5\n", tmp_path)
    assert error.key == "subscribers.churned_is_score"
    assert "'churn'" in str(error) and "4 different numbers from 0.08 to 0.91" in str(error)


def test_the_answer_is_taken_where_a_score_has_the_better_name(tmp_path: Path) -> None:
    found = made("id,churn,exited\n1,0.91,1\n2,0.08,0\n3,0.377,0\n4,0.5,1\n", tmp_path)
    assert found.columns["churned"] == "exited" and found.customers["left"].tolist() == [True, False, False, True]
    assert found.features == ("churn",) and any("'churn'" in note for note in found.notes)


def test_words_that_nobody_knows_are_asked_for(tmp_path: Path) -> None:
    text = "id,churn\n1,gone fishing\n2,here\n3,here\n"
    error = error_of(text, tmp_path)
    assert error.key == "subscribers.unknown_words"
    for said in ("here (2)", "gone fishing (1)", 'left_words="WORD"', "--left-words"):
        assert said in str(error)
    assert made(text, tmp_path, left_words="Gone fishing").customers["left"].tolist() == [True, False, False]
    assert made(text, tmp_path, left_words=["here"]).customers["left"].tolist() == [False, True, True]
    assert error_of(text, tmp_path, left_words="away").key == "subscribers.no_such_word"


def test_one_answer_only_is_read_with_a_note(tmp_path: Path) -> None:
    nobody = made("id,churn\n1,no\n2,no\n", tmp_path)
    assert nobody.customers["left"].tolist() == [False, False] and any("Nobody left" in note for note in nobody.notes)
    everybody = made("id,churn\n1,yes\n2,yes\n", tmp_path)
    assert everybody.customers["left"].all() and any("Everybody left" in note for note in everybody.notes)


def test_no_answer_leaves_the_row_out(tmp_path: Path) -> None:
    found = made("id,churn\n1,yes\n2,\n3,unknown\n4,no\n", tmp_path)
    assert found.customers["customer_id"].tolist() == ["1", "4"]
    assert found.left_out.to_dict("records") == [{"reason": "no_churned", "rows": 2, "example": 3}]
    assert error_of("id,churn\n1,\n2,\n", tmp_path).key == "subscribers.churned_empty"


def test_a_column_of_those_who_stayed_is_turned_round(tmp_path: Path) -> None:
    found = made("id,tenure,is_active\n1,4,1\n2,5,0\n", tmp_path)
    assert found.customers["left"].tolist() == [False, True] and any("'is_active'" in note for note in found.notes)


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("tenure", ""), ("Tenure Months", "months"), ("tenure_days", "days"), ("tenure (years)", "years"),
        ("Months_on_book", "months"), ("在网时长(月)", "months"), ("在网天数", "days"), ("网龄（年）", "years"),
        ("在网年限", "years"), ("TenureDays", "days"), ("weeks active", "weeks"), ("account length", ""),
    ],
)  # fmt: skip
def test_the_unit_of_a_tenure_is_in_its_header(header: str, unit: str) -> None:
    assert unit_named(header) == unit


@pytest.mark.parametrize(
    ("header", "cell", "months"),
    [
        ("tenure", "34", 34.0), ("tenure (days)", "304.375", 10.0), ("tenure_years", "2.5", 30.0),
        ("网龄（年）", "3", 36.0),
        ("在网时长", "2年3个月", 27.0), ("tenure", "18 months", 18.0), ("tenure", "1 year 6 months", 18.0),
        ("tenure", "-1", None), ("tenure", "", None), ("tenure", "unknown", None),
    ],
)  # fmt: skip
def test_tenures_in_months(tmp_path: Path, header: str, cell: str, months: float | None) -> None:
    usual = "12个月" if "年" in cell else "12 months" if "month" in cell else "12"
    found = made(f"id,{header},churn\n1,{cell},yes\n2,{usual},no\n3,{usual},no\n", tmp_path)
    tenure = found.customers["tenure_months"]
    assert np.isnan(tenure[0]) if months is None else tenure[0] == pytest.approx(months, rel=1e-12)


def test_bad_tenures_are_counted_with_an_example_and_most_refused(tmp_path: Path) -> None:
    found = made("id,tenure,churn\n1,-5,yes\n2,x,no\n3,7,no\n4,8,no\n5,9,no\n", tmp_path)
    assert any("2 cells" in note and "'-5' in row 2" in note for note in found.notes)
    error = error_of("id,tenure,churn\n1,x,yes\n2,y,no\n3,7,no\n", tmp_path)
    assert error.key == "subscribers.no_tenure" and "'x' in row 2" in str(error)


def test_a_unit_that_nobody_states_is_said_with_the_median(tmp_path: Path) -> None:
    text = "id,tenure,churn\n1,10,yes\n2,20,no\n3,36,no\n"
    note = next(note for note in made(text, tmp_path).notes if "tenure_unit" in note)
    assert "median 20 months" in note and "1.7 years" in note
    days = made(text, tmp_path, tenure_unit="days")
    assert days.tenure_unit == "days" and days.customers["tenure_months"][0] == pytest.approx(10 / 30.4375)


@pytest.mark.parametrize(
    ("cells", "numbers", "currency"),
    [
        (("$1,200.50", "$20.00"), (1200.5, 20.0), "$"), (("49,90 €", "1.019,50 €"), (49.9, 1019.5), "EUR"),
        (("58元", "1,128元"), (58.0, 1128.0), "元"), (("12.5", "7"), (12.5, 7.0), ""),
        (("USD 12.50", ""), (12.5, None), "USD"),
    ],
)  # fmt: skip
def test_charges_kept_as_text(
    tmp_path: Path, cells: tuple[str, str], numbers: tuple[float, float], currency: str
) -> None:
    found = made(f'id,Monthly charge,churn\n1,"{cells[0]}",yes\n2,"{cells[1]}",no\n', tmp_path)
    read_as = [None if np.isnan(charge) else charge for charge in found.customers["monthly_charge"]]
    assert read_as == list(numbers) and found.currency == currency


def test_a_header_states_currency_and_unit(tmp_path: Path) -> None:
    found = made("客户编号,在网月数,月消费（万元）,流失\n1,3,1.5,流失\n2,5,0.25,留存\n", tmp_path)
    assert found.customers["monthly_charge"].tolist() == [15000.0, 2500.0]
    assert made("id,Monthly Charges (USD),churn\n1,9.5,yes\n2,3,no\n", tmp_path).currency == "USD"


def test_features_have_the_type_of_what_they_hold(tmp_path: Path) -> None:
    found = made(
        "id,churn,share,zip,network,mail,auto,last call,kids,city,spend\n"
        '1,yes,85%,01234,4G,a@x.com,Y,2024-01-05,2,Paris,"1,200"\n'
        '2,no,12.5%,99999,5G,b@x.com,N,2024-02-29,0,,"15,300"\n'
        "3,no,0%,20001,5G,c@x.com,,2023-12-31,1,Rome,900\n",
        tmp_path,
    )
    customers = found.customers
    assert customers["share"].tolist() == [0.85, 0.125, 0.0] and any("85% as 0.85" in note for note in found.notes)
    assert customers["zip"].tolist() == ["01234", "99999", "20001"] and customers["network"][0] == "4G"
    assert str(customers["auto"].dtype) == "boolean" and customers["auto"].isna().tolist() == [False, False, True]
    assert customers["last call"].tolist() == [
        pd.Timestamp(2024, 1, 5),
        pd.Timestamp(2024, 2, 29),
        pd.Timestamp(2023, 12, 31),
    ]
    assert customers["kids"].tolist() == [2.0, 0.0, 1.0] and customers["city"].isna().tolist() == [False, True, False]
    assert customers["spend"].tolist() == [1200.0, 15300.0, 900.0]
    assert found.personal == ("mail",) and "mail" not in found.features


def test_words_among_numbers_are_blank_and_said(tmp_path: Path) -> None:
    rows = "".join(f"{row},{'yes' if row % 3 else 'no'},{'unknown' if row == 4 else row}\n" for row in range(1, 31))
    found = made(f"id,churn,kids\n{rows}", tmp_path)
    assert np.isnan(found.customers["kids"][3]) and found.customers["kids"].sum() == sum(range(1, 31)) - 4
    assert any("'kids'" in note and "blank" in note for note in found.notes)


def test_names_never_collide(tmp_path: Path) -> None:
    found = made("id,churn,contract,tenure_months,tenure_months\n1,yes,A,3,x\n2,no,B,4,y\n", tmp_path)
    customers = found.customers
    assert customers.columns.is_unique and customers["tenure_months"].tolist() == [3.0, 4.0]
    assert customers["tenure_months (2)"].tolist() == ["x", "y"]
    given = made("id,churn,left\n1,yes,30\n2,no,45\n3,no,60\n4,no,99\n", tmp_path, columns={"churned": "churn"})
    assert given.customers["left"].tolist() == [True, False, False, False]
    assert given.customers["left (2)"].tolist() == [30.0, 45.0, 60.0, 99.0] and given.features == ("left (2)",)


day = st.dates(pd.Timestamp(1990, 1, 1).date(), pd.Timestamp(2040, 1, 1).date())


@given(start=day, months=st.integers(0, 400))
def test_whole_months_are_whole(start: object, months: int) -> None:
    first = pd.Timestamp(str(start))
    last = first + pd.DateOffset(months=months)
    found = months_between(pd.Series([first]), pd.Series([last]))
    assert found[0] == pytest.approx(months)


@given(start=day, one=st.integers(0, 9000), two=st.integers(0, 9000))
def test_more_days_are_more_months(start: object, one: int, two: int) -> None:
    first = pd.Series([pd.Timestamp(str(start))] * 2)
    ends = first + pd.to_timedelta([min(one, two), max(one, two)], unit="D")
    found = months_between(first, ends)
    assert found[0] <= found[1] and found[0] >= 0
    assert abs(found[1] - max(one, two) / 30.4375) < 0.1


def test_months_between_by_hand() -> None:
    start = pd.to_datetime(pd.Series(["2024-01-31", "2020-01-15", "2021-07-01", None, "2024-03-10"]))
    end = pd.to_datetime(pd.Series(["2024-02-29", "2020-03-15", "2021-07-16", "2024-01-01", "2024-03-09"]))
    found = months_between(start, end)
    assert found[:2].tolist() == [1.0, 2.0] and found[2] == pytest.approx(15 / 31)
    assert np.isnan(found[3]) and found[4] < 0
