"""Everything that comes from data shows as text."""

import math
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import say, term
from cvmlab.report import html


class Reader(HTMLParser):
    """Collects the tags and the text of a page."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.text = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text.append(data)


# the sign U+0000 and a lone surrogate are no characters of HTML
texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=30)


@settings(max_examples=100, deadline=None)
@given(texts)
def test_no_text_becomes_a_tag(text):
    frame = pd.DataFrame({"a": [text]})
    plain = {
        "h2": html.heading(text),
        "h3": html.subheading(text),
        "p": html.paragraph(text),
        "div": html.note(text),
    }
    for tag, made in plain.items():
        read = Reader(made)
        assert read.tags == [tag]
        assert "".join(read.text) == text
    assert Reader(html.sentences([text])).tags == ["ol", "li"]
    table = Reader(html.table(frame, {"a": (text, "text")}, caption=text))
    assert table.tags == ["div", "table", "caption", "thead", "tr", "th", "tbody", "tr", "td"]
    assert "".join(table.text) == 3 * text
    assert Reader(html.cards([(text, text, "known")])).tags.count("div") == 4


def test_a_script_in_a_cell_is_shown():
    made = html.table(pd.DataFrame({"id": ["<script>alert(1)</script>"]}), {"id": ("customer", "id")})
    assert "<script" not in made
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made


def test_a_table_shows_the_first_rows_and_the_chosen_columns():
    frame = pd.DataFrame({"a": range(9), "b": range(10, 19)})
    read = Reader(html.table(frame, {"b": ("B", "count")}, rows=3))
    assert read.text == ["B", "10", "11", "12"]


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (None, "text", "–"),
        ("", "id", "–"),
        (math.nan, "money", "–"),
        (pd.NaT, "date", "–"),
        (1234567.0, "count", "1,234,567"),
        (0.5, "percent", "50%"),
        (pd.Timestamp(2017, 12, 31, 5), "date", "2017-12-31"),
        (True, "yes", "yes"),
        (False, "yes", ""),
        ("007", "id", "007"),
        (1.005, "decimal", "1.00"),
    ],
)
def test_a_cell_shows_what_a_reader_expects(value, kind, shown):
    assert html.cell(value, kind) == shown


@settings(max_examples=50, deadline=None)
@given(st.floats(-1e12, 1e12))
def test_money_in_a_cell_is_near_the_amount(amount):
    shown = html.cell(amount, "money").replace(",", "").replace("−", "-")
    assert float(shown) == pytest.approx(amount, abs=max(0.5, abs(amount) * 0.05) + 0.01)


def test_the_three_kinds_of_figures_are_told_apart():
    tags = {kind: Reader(html.tag(kind)).text[0] for kind in ("known", "estimated", "assumed")}
    assert len(set(tags.values())) == 3
    assert tags["assumed"] == term("report.assumed")


def test_a_page_displays_as_html():
    page = html.page("<p>a</p>", "<p>b</p>")
    assert page._repr_html_() == "<p>a</p>\n<p>b</p>"
    assert say("report.title", name="x")
