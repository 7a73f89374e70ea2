"""Checks of columns and parameters: each mistake is named with its place."""

import numpy as np
import pandas as pd
import pytest

from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.words import CvmError, speaking
from cvmlab.data.tables import check_one_row_each, numbers, numbers_between


@pytest.mark.parametrize(
    ("column", "key", "said"),
    [
        ([1.0, np.nan, 3.0, np.nan], "tables.missing_values", "rows affected: 2, first in row 2"),
        ([1.0, np.inf], "checking.infinite_column", "in row 2"),
        (["1", "2"], "tables.wrong_type", "numbers"),
        ([True, False], "tables.wrong_type", "bool"),
        ([], "tables.no_rows", "customers"),
    ],
)
def test_a_column_that_cannot_be_computed_with(column, key, said):
    with pytest.raises(CvmError) as caught:
        numbers(pd.DataFrame({"revenue": column}), "revenue")
    assert caught.value.key == key
    assert said in str(caught.value)


def test_a_missing_column_is_named_with_those_there_are():
    with pytest.raises(CvmError, match=r"no column 'profit'\. It has: revenue"):
        numbers(pd.DataFrame({"revenue": [1.0]}), "profit")
    with pytest.raises(CvmError, match=r"The table customers has no columns; it needs 'profit'\."):
        numbers(pd.DataFrame(index=[0]), "profit")


def test_nullable_and_decimal_like_columns_become_float():
    found = numbers(pd.DataFrame({"revenue": pd.array([1, 2], dtype="Int64")}), "revenue")
    assert found.dtype == np.float64
    with pytest.raises(CvmError, match="first in row 1"):
        numbers(pd.DataFrame({"revenue": pd.array([None, 2], dtype="Int64")}), "revenue")


def test_bounds_of_a_column_name_the_row():
    with pytest.raises(CvmError, match=r"holds -0\.1 in row 2"):
        numbers_between(pd.DataFrame({"p_alive": [0.5, -0.1]}), "p_alive", 0, 1)
    with pytest.raises(CvmError, match="it must be at least 0"):
        numbers_between(pd.DataFrame({"wallet": [-1.0]}), "wallet", 0, np.inf)


@pytest.mark.parametrize(
    ("ids", "key"),
    [
        (["1", "1", "2"], "checking.repeated_customer"),
        (["1", None], "tables.missing_values"),
        ([], "tables.no_rows"),
    ],
)
def test_one_row_a_customer(ids, key):
    with pytest.raises(CvmError) as caught:
        check_one_row_each(pd.DataFrame({"customer_id": ids}))
    assert caught.value.key == key


@pytest.mark.parametrize("figure", [np.nan, np.inf, "0.5", None, True])
def test_a_parameter_that_is_no_number(figure):
    with pytest.raises(CvmError) as caught:
        check_parameter("margin", figure, 0, 1)
    assert caught.value.key == "checking.not_finite"


def test_a_parameter_out_of_bounds_is_told_in_the_language_in_force():
    with pytest.raises(CvmError) as caught:
        check_parameter("retention_rate", np.array([0.5, 1.5]), 0, 1)
    assert "is 1.5" in str(caught.value)
    with speaking("zh"):
        assert "客户保持率（retention_rate）为 1.5" in str(caught.value)


@pytest.mark.parametrize("figure", [1e308, -1e16, [1.0, 2e15]])
def test_a_figure_whose_sums_would_be_lost_is_refused(figure):
    check_parameter("weights", 1e15)
    with pytest.raises(CvmError, match="between −1e15 and 1e15") as caught:
        check_parameter("weights", figure)
    assert caught.value.key == "checking.too_far"


def test_nobody_has_so_many():
    check_count("customers", 10_000_000)
    with pytest.raises(CvmError, match="between 1 and 10000000"):
        check_count("customers", 10**9)


def test_an_open_minimum_refuses_the_minimum():
    check_parameter("periods_per_year", 0.1, 0, open_minimum=True)
    with pytest.raises(CvmError, match="greater than 0"):
        check_parameter("periods_per_year", 0, 0, open_minimum=True)


@pytest.mark.parametrize("count", [0, -3, 1.5, 3.0, np.nan, "7", None, True, np.bool_(True), [1]])
def test_a_count_is_a_whole_number_and_nothing_else(count):
    check_count("periods", np.int64(1))
    with pytest.raises(CvmError) as caught:
        check_count("periods", count)
    assert caught.value.key == "checking.not_whole_between"
    shown = "'7'" if count == "7" else str(count)
    assert f"number of periods (periods) is {shown}; it must be a whole number between 1 and" in str(caught.value)


def test_a_count_has_both_its_bounds_and_says_them():
    check_count("threads", 256, 1, 256)
    with pytest.raises(CvmError, match="is 257; it must be a whole number between 1 and 256"):
        check_count("threads", 257, 1, 256)
    with pytest.raises(CvmError) as caught:
        check_count("seed", 2**64, 0, 2**64 - 1)
    with speaking("zh"):
        assert "0 到 18446744073709551615 之间的整数" in str(caught.value)


def test_the_table_of_a_column_is_named():
    with pytest.raises(CvmError, match="of the table rates holds str"):
        numbers(pd.DataFrame({"rate": ["a"]}), "rate", "rates")
