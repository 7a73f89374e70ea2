"""The small functions that reading is made of."""

from __future__ import annotations

import datetime as dt

import pytest

from cvmlab.data.reading.cells.dates import form_of
from cvmlab.data.reading.mappings import mapping_path
from cvmlab.data.reading.opening.delimited import guess_layout
from cvmlab.data.reading.opening.encodings import guess_encoding
from cvmlab.data.reading.opening.parts import short_name
from cvmlab.data.reading.raw import cell_text
from cvmlab.data.reading.role_names import distinct_names, plain_name, roles_of
from cvmlab.data.reading.roles import option
from cvmlab.data.windows import months_before


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (plain_name("Customer_ID"), "customerid"),
        (plain_name("金额（元）"), "金额元"),
        (roles_of("价税合计"), ("amount",)),
        (roles_of("Ship Mode"), ()),
        (distinct_names(["金额", "", "金额"]), ("金额", "column 2", "金额 (2)")),
        (option("customer_id"), "--customer-id"),
        (guess_layout(["id;date;sum", '7;2019-01-05;"1,5"']).separator, ";"),
        *((guess_layout([f"id{sign}date{sign}sum", f'7{sign}2019{sign}"1,5"']).separator, sign) for sign in "^~#!"),
        (guess_layout(["7;a#b#c", "8;d#e#f", "9;d"]).separator, ";"),
        (guess_layout(["id^date^sum", "7^2019-01-05^1,5", "8^2019-01-05"]).separator, ","),
        (guess_layout(["7 2019-01-05 1.5", "8 2019-01-06 2.5"]).separator, " "),
        (mapping_path("sales.xlsx").name, "sales.xlsx.mapping.json"),
        (short_name("exports/sales 2019.xlsx"), "sales 2019"),
        ([cell_text(value) for value in (17850.0, None, 0.5, float("nan"))], ["17850", "", "0.5", ""]),
        ([cell_text(day) for day in (dt.date(2019, 1, 5), dt.datetime(2019, 1, 5))], ["2019-01-05"] * 2),
        (months_before(dt.date(2017, 12, 31), 3), dt.date(2017, 9, 30)),
    ],
)
def test_a_part_does_what_it_says(found: object, expected: object) -> None:
    assert found == expected


def test_a_form_is_known_by_its_shape() -> None:
    forms = {
        "9999年99月9日": "ymd", "9/99/9999 9:99": "day_month", "99999": "serial", "9999-99": "month", "soon": None,
        "Jan-99": "named_month", "999999": "month_number", "9" * 13: "epoch", "9999-99-99T99:99Z": "ymd",
    }  # fmt: skip
    assert {shape: form_of(shape) for shape in forms} == forms


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "cp1252"])
def test_an_encoding_is_known_by_its_signs(encoding: str) -> None:
    assert guess_encoding("客户 Müller".encode(encoding, "ignore")) == encoding
