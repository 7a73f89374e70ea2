"""The tables that courses and competitions use, each in a few rows of its own form."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cvmlab as cvm
from cvmlab.data.subscribers import read

DATASETS = Path(__file__).parents[3] / "datasets"
BANK = """RowNumber,CustomerId,Surname,CreditScore,Geography,Gender,Age,Tenure,Balance,NumOfProducts,HasCrCard,\
IsActiveMember,EstimatedSalary,Exited
1,15634602,Hargrave,619,France,Female,42,2,0,1,1,1,101348.88,1
2,15647311,Hill,608,Spain,Female,41,1,83807.86,1,0,1,112542.58,0
3,15619304,Onio,502,France,Female,42,8,159660.8,3,1,0,113931.57,1
4,15701354,Boni,699,France,Female,39,1,0,2,0,0,93826.63,0
"""
CARDS = """CLIENTNUM,Attrition_Flag,Customer_Age,Gender,Education_Level,Income_Category,Card_Category,Months_on_book,\
Months_Inactive_12_mon,Credit_Limit,Total_Trans_Amt,Avg_Utilization_Ratio,\
Naive_Bayes_Classifier_Attrition_Flag_Card_Category_1
768805383,Existing Customer,45,M,High School,$60K - $80K,Blue,39,1,12691,1144,0.061,9.3e-05
818770008,Attrited Customer,49,F,Graduate,Less than $40K,Blue,44,1,8256,1291,0.105,0.99994
713982108,Existing Customer,51,M,Unknown,$80K - $120K,Blue,36,1,3418,1887,0,2.1e-05
"""
CARRIER = """用户号码,入网时间,月租费,套餐,每月流量(MB),是否实名,是否离网
13800000001,2019-03-15,58元,畅享套餐,1024,是,否
13800000002,2021/7/1,"1,128元",商务套餐,20480,是,是
13800000003,2020年12月31日,38元,畅享套餐,512,否,否
"""
IBM = """CustomerID,Count,State,Zip Code,Lat Long,Gender,Senior Citizen,Tenure Months,Contract,Paperless Billing,Offer,\
Monthly Charges,Total Charges,Churn Label,Churn Value,Churn Score,CLTV,Churn Reason
3668-QPYBK,1,California,90003,"33.96, -118.27",Male,No,2,Month-to-month,Yes,None,53.85,108.15,Yes,1,86,3239,\
Competitor made better offer
9237-HQITU,1,California,90005,"34.05, -118.30",Female,Yes,0,Two year,Yes,Offer E,70.7, ,No,0,67,2701,
9305-CDSKC,1,California,90006,"34.04, -118.29",Female,No,28,One year,No,None,104.8,3046.05,No,0,86,5372,
"""
ORANGE = """State,Account length,Area code,Phone number,International plan,Voice mail plan,Number vmail messages,\
Total day minutes,Total day charge,Customer service calls,Churn
KS,128,415,382-4657,no,yes,25,265.1,45.07,1,False.
OH,107,415,371-7191,no,yes,26,161.6,27.47,1,False.
NJ,137,415,358-1921,no,no,0,243.4,41.38,0,True.
"""


def table(text: str, tmp_path: Path, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    return path


def test_the_course_s_telco_is_read_row_by_row() -> None:
    raw = pd.read_parquet(DATASETS / "telco.parquet")
    found = read(DATASETS / "telco.parquet")
    assert found.rows == len(found.customers) == 7043 and not len(found.left_out)
    customers = found.customers
    assert customers["left"].tolist() == raw["left_last_month"].tolist() and customers["left"].sum() == 1869
    assert customers["customer_id"].tolist() == raw["customer_id"].tolist()
    np.testing.assert_array_equal(customers["tenure_months"], raw["tenure_months"])
    np.testing.assert_array_equal(customers["monthly_charge"], raw["monthly_charge"])
    np.testing.assert_array_equal(customers["total_charge"], raw["total_charges"])
    assert found.columns == {
        "customer_id": "customer_id", "churned": "left_last_month", "tenure": "tenure_months",
        "charge": "monthly_charge", "total": "total_charges", "contract": "contract",
    }  # fmt: skip
    assert found.features == tuple(name for name in raw.columns if name not in found.columns.values())
    assert found.tenure_unit == "months" and found.personal == () and found.name == "telco"
    assert [note for note in found.notes if "11" in note and "total_charges" in note]


def test_a_bank_takes_customer_id_not_the_number_of_the_row(tmp_path: Path) -> None:
    found = read(table(BANK, tmp_path))
    assert found.columns == {"customer_id": "CustomerId", "churned": "Exited", "tenure": "Tenure"}
    assert found.customers["customer_id"].tolist() == ["15634602", "15647311", "15619304", "15701354"]
    assert found.customers["left"].tolist() == [True, False, True, False]
    assert found.customers["tenure_months"].tolist() == [2, 1, 8, 1]
    assert found.personal == ("Surname",)
    assert "RowNumber" not in found.features and "Surname" not in found.features
    assert {"IsActiveMember", "HasCrCard", "CreditScore", "Geography"} <= set(found.features)
    assert found.customers["EstimatedSalary"].dtype == np.float64
    # nothing says that the bank counts years: the reader is told
    assert any("tenure_unit" in note and "'Tenure'" in note for note in found.notes)
    years = read(table(BANK, tmp_path), tenure_unit="years")
    assert years.customers["tenure_months"].tolist() == [24, 12, 96, 12] and years.tenure_unit == "years"


def test_a_card_table_says_attrited_and_counts_months_on_book(tmp_path: Path) -> None:
    found = read(table(CARDS, tmp_path))
    assert found.columns == {"customer_id": "CLIENTNUM", "churned": "Attrition_Flag", "tenure": "Months_on_book"}
    assert found.customers["left"].tolist() == [False, True, False]
    assert found.customers["tenure_months"].tolist() == [39, 44, 36] and found.tenure_unit == "months"
    assert not any("tenure_unit" in note for note in found.notes)
    assert found.customers["Income_Category"].tolist() == ["$60K - $80K", "Less than $40K", "$80K - $120K"]
    assert found.customers["Education_Level"].tolist()[2] == "Unknown"
    # a prediction of the answer stays, but the reader is warned of it by name
    assert any("Naive_Bayes_Classifier" in note for note in found.notes)
    assert any("Attrited Customer (1)" in note and "Existing Customer (2)" in note for note in found.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_carrier_s_table_in_chinese(tmp_path: Path, encoding: str) -> None:
    found = read(table(CARRIER, tmp_path, encoding=encoding))
    assert found.columns == {
        "customer_id": "用户号码", "churned": "是否离网", "charge": "月租费", "contract": "套餐",
        "joined_date": "入网时间",
    }  # fmt: skip
    customers = found.customers
    assert customers["customer_id"].tolist() == ["13800000001", "13800000002", "13800000003"]
    assert customers["left"].tolist() == [False, True, False]
    assert customers["monthly_charge"].tolist() == [58.0, 1128.0, 38.0] and found.currency == "元"
    # up to 1 July 2021, the latest date in the table: 27 months and 16 of 31 days, nothing, six months
    assert customers["tenure_months"].round(4).tolist() == [27.5333, 0.0, 6.0323]
    assert customers["是否实名"].tolist() == [True, True, False] and customers["是否实名"].dtype == bool
    assert found.personal == ("customer_id",)
    assert found.features == ("每月流量(MB)", "是否实名")
    assert customers["每月流量(MB)"].tolist() == [1024.0, 20480.0, 512.0]
    assert any("2021-07-01" in note for note in found.notes)


def test_ibm_s_table_has_one_role_for_label_and_value_and_no_leak(tmp_path: Path) -> None:
    found = read(table(IBM, tmp_path))
    assert found.columns == {
        "customer_id": "CustomerID", "churned": "Churn Label", "tenure": "Tenure Months", "charge": "Monthly Charges",
        "total": "Total Charges", "contract": "Contract", "cause": "Churn Reason",
    }  # fmt: skip
    customers = found.customers
    assert customers["left"].tolist() == [True, False, False]
    assert customers["total_charge"].tolist()[0] == 108.15 and np.isnan(customers["total_charge"][1])
    assert (
        customers["cause"][0] == "Competitor made better offer" and customers["cause"].isna().tolist()[1:] == [True] * 2
    )
    assert "Churn Value" not in found.features and "Churn Value" not in customers
    assert {"Churn Score", "CLTV"} <= set(found.features)
    assert any("'Churn Score', 'CLTV'" in note for note in found.notes)
    assert any("'Churn Value'" in note and "'Churn Label'" in note for note in found.notes)
    # None is an offer that was not made, not a gap
    assert customers["Offer"].tolist() == ["None", "Offer E", "None"]
    assert customers["Senior Citizen"].tolist() == [False, True, False]


def test_the_orange_table_says_true_with_a_point(tmp_path: Path) -> None:
    found = read(table(ORANGE, tmp_path))
    assert found.columns == {"customer_id": "Phone number", "churned": "Churn", "tenure": "Account length"}
    assert found.customers["left"].tolist() == [False, False, True]
    assert found.customers["customer_id"].tolist() == ["382-4657", "371-7191", "358-1921"]
    assert found.personal == ("customer_id",)
    assert found.customers["International plan"].tolist() == [False, False, False]
    assert found.customers["Voice mail plan"].tolist() == [True, True, False]
    assert any("Account length" in note and "128" in note for note in found.notes)


def test_a_frame_of_any_engine_and_a_file_give_the_same(tmp_path: Path) -> None:
    import duckdb
    import polars as pl

    frame = pd.read_csv(io.StringIO(IBM), keep_default_na=False)
    expected = read(table(IBM, tmp_path)).customers
    before = frame.copy()
    with duckdb.connect() as connection:
        for source in (frame, pl.from_pandas(frame), connection.from_df(frame)):
            found = read(source, name="ibm")
            assert found.name == "ibm"
            pd.testing.assert_frame_equal(found.customers, expected, check_dtype=False)
    pd.testing.assert_frame_equal(frame, before)


def test_a_workbook_with_a_title_and_a_total_row(tmp_path: Path) -> None:
    rows: list[list[object]] = [["Customers 2024"], [], ["Customer ID", "Months active", "Monthly fee", "Cancelled"],
            ["007", 12, 19.9, "no"], ["008", 3, 1.234, "yes"], ["Total", 15, 21.134, 1]]  # fmt: skip
    path = tmp_path / "book.xlsx"
    pd.DataFrame([[*row, *[None] * (4 - len(row))] for row in rows]).to_excel(path, index=False, header=False)
    found = read(path)
    assert found.customers["customer_id"].tolist() == ["007", "008"]
    assert found.customers["monthly_charge"].tolist() == [19.9, 1.234]
    assert found.left_out.to_dict("records") == [{"reason": "total_row", "rows": 1, "example": 6}]
    assert found.rows == 3


def test_the_sentences_are_in_the_language_in_force(tmp_path: Path) -> None:
    with cvm.speaking("zh"):
        found = read(table(BANK, tmp_path))
    assert any("行号" in note for note in found.notes)
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in note) for note in found.notes)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [(BANK, True), (CARDS, True), (CARRIER, True), (IBM, True), (ORANGE, True), ("", False), ("a,b\n1,2\n", False)],
)
def test_tables_of_subscribers_are_told_by_their_names(tmp_path: Path, text: str, is_one: bool) -> None:
    assert cvm.subscribers.is_table_of_subscribers(table(text, tmp_path)) is is_one


def test_no_log_of_the_course_is_a_table_of_subscribers() -> None:
    tables = {path.stem for path in DATASETS.glob("*.parquet") if cvm.subscribers.is_table_of_subscribers(path)}
    # the carrier has several relationships of one customer
    assert tables == {"telco"}
