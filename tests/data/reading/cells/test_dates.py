"""Dates of every country and calendar: read as they are meant, or asked; the order is decided on the whole column."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError
from cvmlab.core.words import speaking
from cvmlab.data.reading import Log, read

TODAY = dt.date(2026, 11, 28)


def log_of(dates: Sequence[object], **options: object) -> Log:
    frame = pd.DataFrame({"customer": [f"c{n}" for n in range(len(dates))], "date": dates, "amount": "5"})
    return read(frame.astype("str"), **{"today": TODAY, **options})  # type: ignore[arg-type]


def days(dates: Sequence[object], **options: object) -> list[str | None]:
    found = log_of(dates, **options).connection.execute("SELECT date FROM log ORDER BY spot").fetchall()
    return [None if day is None else day.isoformat() for (day,) in found]


def keys(log: Log) -> set[str]:
    return {note.key for note in log.quality.notes}


@pytest.mark.parametrize(
    ("dates", "read_as"),
    [
        # the other orders would lie in years to come, or in the thirteenth month
        (["23/12/31", "24/01/15", "24/03/02"], ["2023-12-31", "2024-01-15", "2024-03-02"]),
        (["21-01-09", "21-12-31", "22-05-28"], ["2021-01-09", "2021-12-31", "2022-05-28"]),
        (["27/11/10", "1/2/10"], ["2010-11-27", "2010-02-01"]),
        (["11/27/10", "1/2/10"], ["2010-11-27", "2010-01-02"]),
        (["99/12/31"], ["1999-12-31"]),
        (["15022024", "01032024"], ["2024-02-15", "2024-03-01"]),
        (["150224", "311223"], ["2024-02-15", "2023-12-31"]),
        (["24年2月15日", "24年12月1日"], ["2024-02-15", "2024-12-01"]),
        # the same day in either order needs no question
        (["05/05/2024"], ["2024-05-05"]),
        # what is no date in any order decides nothing
        (["13/13/2019", "31/2/2019", "25/4/2019"], [None, None, "2019-04-25"]),
        # a year has two digits or four
        (["5.1.24", "6.2.24"], ["2024-01-05", "2024-02-06"]),
        (["2024. 2. 15.", "2024. 12. 5."], ["2024-02-15", "2024-12-05"]),
        (["15. 2. 2024", "1. 12. 2024"], ["2024-02-15", "2024-12-01"]),
        (["2024-02-15", "Feb 16, 2024", "20240217", "45340"], [f"2024-02-{day}" for day in (15, 16, 17, 18)]),
        (["2024/2/15 下午3:20", "2024年2月15日 星期四", "2024-02-15 24:00"], ["2024-02-15"] * 3),
        (["二〇二四年二月十五日", "二〇二三年十二月三十一日"], ["2024-02-15", "2023-12-31"]),
        (["二〇二四年十月二十日", "二〇二四年十一月十日"], ["2024-10-20", "2024-11-10"]),
        (["113/02/15", "民國113年12月31日", "民國99年2月15日"], ["2024-02-15", "2024-12-31", "2010-02-15"]),
        (["2567-02-15", "2567-02-29"], ["2024-02-15", "2024-02-29"]),
        (["15/02/2567", "29/02/2567"], ["2024-02-15", "2024-02-29"]),
        (["2024-02-15", "2567-02-28", "2024-02-30"], ["2024-02-15", None, None]),
        (["15/02/2024 08:00 PM", "1/3/2024 12:00 am"], ["2024-02-15", "2024-03-01"]),
    ],
)  # fmt: skip
def test_the_order_that_fits_the_whole_column_is_taken(dates: list[str], read_as: list[str | None]) -> None:
    assert days(dates) == read_as


@pytest.mark.parametrize(
    ("dates", "options"),
    [
        (["24-02-15", "24-02-01", "24-03-02"], {"--day-first yes", "--year-first yes"}),
        (["24.02.01", "24.02.15", "24.03.02"], {"--day-first yes", "--year-first yes"}),
        (["01/02/03"], {"--day-first yes", "--day-first no", "--year-first yes"}),
        (["240215", "240301"], {"--day-first yes", "--year-first yes"}),
        (["3/4/2019"], {"--day-first yes", "--day-first no"}),
        (["01022024"], {"--day-first yes", "--day-first no"}),
    ],
)
def test_where_several_orders_fit_the_user_is_asked(dates: list[str], options: set[str]) -> None:
    with pytest.raises(CvmError, match="more than one way") as asked:
        log_of(dates)
    named = {
        option for option in ("--day-first yes", "--day-first no", "--year-first yes") if option in str(asked.value)
    }
    assert named == options
    with speaking("zh"), pytest.raises(CvmError, match="不止一种读法"):
        log_of(dates)


def test_the_options_decide() -> None:
    dates = ["24-02-15", "24-02-01"]
    assert days(dates, year_first=True) == ["2024-02-15", "2024-02-01"]
    assert days(dates, day_first=True) == ["2015-02-24", "2001-02-24"]
    assert days(dates, day_first=False) == ["2024-02-15", "2024-02-01"]
    assert days(["24-02-15"], year_first=False) == ["2015-02-24"]
    assert "year_first_read" in keys(log_of(dates, year_first=True))
    assert days(["3/4/2019", "3/4/19"], day_first=False) == ["2019-03-04"] * 2


def test_dates_with_full_years_speak_for_those_with_two_digits() -> None:
    assert days(["25/4/2019", "3/4/19"]) == ["2019-04-25", "2019-04-03"]


MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "fr short": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "de short": "Jan. Feb. Mär. Apr. Mai Jun. Jul. Aug. Sep. Okt. Nov. Dez.",
    "es short": "ene feb mar abr may jun jul ago sep oct nov dic",
    "pl short": "sty lut mar kwi maj cze lip sie wrz paź lis gru",
}


@pytest.mark.parametrize("language", MONTHS)
def test_months_are_known_in_many_languages(language: str) -> None:
    between = {"es": " de ", "pt": " de ", "de": ". "}.get(language, " ")
    words = MONTHS[language].split()
    dates = [f"{day}{between}{word}{between.strip('.')}2024" for day, word in enumerate(words, start=1)]
    assert days(dates) == [f"2024-{number:02}-{number:02}" for number in range(1, 13)]
    assert days([f"{word} 2024" for word in words])[:2] == ["2024-01-31", "2024-02-29"]


def test_dates_with_words_around_them() -> None:
    dates = [
        "15MAR2024",
        "Mar 3rd, 2024",
        "2024-Mar-05",
        "Thursday, March 7, 2024",
        "jeudi 7 mars 2024",
        "1er mars 2024",
    ]
    assert days(dates) == [f"2024-03-{day:02}" for day in (15, 3, 5, 7, 7, 1)]
    assert days(["15 февраля 2024 г.", "1º de março de 2024"]) == ["2024-02-15", "2024-03-01"]


def test_unknown_months_are_named_and_none_is_dropped() -> None:
    with pytest.raises(CvmError, match="not known: helmikuuta, tammikuuta"):
        log_of(["1 tammikuuta 2024", "2 helmikuuta 2024", "3 mars 2024"])
    assert days(["1 janury 2024", *["2 January 2024"] * 150])[:2] == [None, "2024-01-02"]


@pytest.mark.parametrize("text", ["2024-W07-4", "2024W07", "2024Q1", "2024年第7周", "Q1 2024"])
def test_weeks_and_quarters_are_no_days(text: str) -> None:
    with pytest.raises(CvmError, match="weeks, quarters or half-years"):
        log_of([text, text])


def test_zones_in_every_spelling_are_one_moment() -> None:
    dates = [
        "2024-02-15T20:00:00Z", "2024-02-16 04:00:00 +0800", "2024-02-15 22:00 UTC+2", "2024-02-16T04:00:00.000+08",
        "2024-02-16 04:00:00 Asia/Shanghai", "2024-02-16T04:00:00+08:00[Asia/Shanghai]", "15 Feb 2024 20:00:00 GMT",
        "16 Feb 2024 04:00:00 GMT+0800 (China Standard Time)", "15/02/2024 20:00:00 UTC", "15.02.2024 12:00 GMT-8",
    ]  # fmt: skip
    for text in dates:
        with pytest.raises(CvmError, match="--timezone"):
            log_of([text])
    assert days(dates, timezone="Asia/Shanghai") == ["2024-02-16"] * len(dates)
    assert days(dates, timezone="UTC") == ["2024-02-15"] * len(dates)
    for text in ("2024-02-15 10:00 CST", "2024-02-15 10:00 PM +08:00"):
        with pytest.raises(CvmError, match="not clear"):
            log_of([text], timezone="UTC")


def test_a_time_with_a_zone_in_a_rare_spelling_is_read_or_refused() -> None:
    assert days(["2024-02-15 23:00:00.5 +0000 UTC"], timezone="Asia/Shanghai") == ["2024-02-16"]
    with pytest.raises(CvmError, match="not clear"):
        log_of(["2024-02-15T23Z"], timezone="Asia/Shanghai")


@pytest.mark.parametrize(
    "date",
    [
        "2024-02-15T10:00:00.123456", "2024-02-15Z", "2024-02-15+08:00", "2024-02-15 10:00 p. m.", "20240215 101112",
        "20240215101112", "2024-02-15-10.11.12.123456", "2024-02-15 10", "2024-02-15_10:00", "2024-02-15 23:59:60",
        "2024-02-15 - 10:30", "2024-02-15, 10:30 AM, Thu", "2024-02-15 (Thu) 10:00", "2024-02-15,",
        "2024/2/15 上午10:00", "2024年2月15日10时5分6秒", "2024年2月15日 晚上8点30分", "2024年2月15日　周四　上午",
        "2024年2月15号", "2024年2月15日(木)", "2024. 2. 15. 오전 10:00", "15.02.2024 10:00 Uhr", "15.02.2024, Do",
        "15/02/2024 à 10h30", "15. Februar 2024 um 10:30 Uhr", "15 февраля 2024 г. 10:00", "Feb 15, 2024 at 10:00 AM",
        "Thu Feb 15 10:00:00 2024", "民國113年2月15日 上午", "113/02/15 10:00", "2024-02-15 10:30 a.m.",
        "15/02/2024 10:30:00 P.M.", "15/02/2024 10:30 SA", "15/02/2024 lúc 10:30", "15.02.2024 godz. 10:30",
        "15/02/2024 10:30 μ.μ.", "15/02/2024 10:30 πμ", "15/02/2024 10:30 ص", "2024-02-15 10:30 น.",
        "15.02.2024 v 10:30", "2024年2月15日 10点钟", "2024年2月15日 晚8点", "2024년 2월 15일",
        "2024년 2월 15일 오전 10시 30분", "2024년 2월 15일 (목) 10:30",
    ],
)  # fmt: skip
def test_a_time_or_a_day_of_the_week_may_follow_a_date(date: str) -> None:
    assert days([date], day_first=True) == ["2024-02-15"]


@pytest.mark.parametrize(
    "date",
    [
        "2024-02-15 (cancelled)", "2024-02-15garbage", "2024-02-15 99:99", "2024-02-15 25:00", "2024-02-15 10:75",
        "2024-02-15/2024-03-15", "2024-02-15-2024-03-15", "2024-02-15-16", "2024-02-15, 2024-03-15",
        "2024-02-15 to 2024-03-15", "2024-02-15 10:00-2024-03-15", "15 Feb 2024 - 16 Feb 2024", "15.02.2024 storniert",
        "2024-02-15 10:00 (cancelled)", "2024-02-15 +7 days", "2024-02-15 x3", "2024-02-15?", "20240215 x",
        "2024年2月15日取消", "2024年2月15日-3月15日", "2024年2月15日 25时", "2024-02-15（已退款）", "2024年2月15日前",
    ],
)  # fmt: skip
def test_what_else_follows_a_date_makes_it_no_date(date: str) -> None:
    assert days(["2024-02-14", date, "2024/2/16 10:00"], day_first=True) == ["2024-02-14", None, "2024-02-16"]
    assert days(["2024-02-14", date, "2024-02-16"], day_first=True) == ["2024-02-14", None, "2024-02-16"]


def test_a_column_that_mostly_holds_more_than_dates_is_refused() -> None:
    with pytest.raises(CvmError, match=r"more than a date and its time \(2024-02-15/2024-03-15\).*--date"):
        log_of(["2024-02-15/2024-03-15", "2024-02-16/2024-03-16", "2024-02-17"])
    with speaking("zh"), pytest.raises(CvmError, match="日期后面还有其他内容"):
        log_of(["2024年2月15日前"])


def test_the_month_behind_the_day_behind_the_year_is_refused() -> None:
    with pytest.raises(CvmError, match="day before the month, after the year"):
        log_of(["2024-25-03", "2024-04-03"])
    assert days(["2024-25-03", "2024-04-25", "2024-04-26"]) == [None, "2024-04-25", "2024-04-26"]


@pytest.mark.parametrize(
    "made", [["2019-03-04", "2019-05-06", "2019-07-08", "2019-01-02"], [43528, 43529, 43530, 43560]]
)
def test_dates_that_a_spreadsheet_has_swapped_are_refused(made: list[object]) -> None:
    left = ["25/4/2019", "26/4/2019", "13/5/2019", "30/6/2019"]
    with pytest.raises(CvmError, match=r"swapped day and month.*--day-first yes"):
        log_of([*made, *left])
    assert len(days([*made, *left], day_first=True)) == 8
    assert days([*made, *left, "2019-06-30"])[-1] == "2019-06-30"


def spelled(day: dt.date, form: str) -> str:
    words = MONTHS["fr"].split()
    return form.format(y=day.year, s=day.year % 100, m=day.month, d=day.day, w=words[day.month - 1], r=day.year - 1911)


FORMS = [
    "{y}-{m:02}-{d:02}", "{y}/{m}/{d}", "{y}.{m}.{d}", "{y}{m:02}{d:02}", "{d:02}/{m:02}/{y}", "{m}/{d}/{y}",
    "{d}.{m}.{y}", "{s:02}-{m:02}-{d:02}", "{d:02}/{m:02}/{s:02}", "{m:02}/{d:02}/{s:02}", "{d:02}{m:02}{y}",
    "{s:02}{m:02}{d:02}", "{d} {w} {y}", "{y}年{m}月{d}日", "{r}/{m:02}/{d:02}",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    chosen=st.lists(st.dates(dt.date(2011, 1, 1), TODAY), min_size=1, max_size=8),
    form=st.sampled_from(FORMS),
    near=st.booleans(),
)
def test_any_dates_in_one_form_read_back_or_are_asked(chosen: list[dt.date], form: str, *, near: bool) -> None:
    if near:
        chosen = [dt.date(2024, 1, 1) + dt.timedelta(day.toordinal() % 120) for day in chosen]
    texts = [spelled(day, form) for day in chosen]
    if form == "{s:02}{m:02}{d:02}" and all(text[2:4] <= "12" and text[:2] in ("19", "20") for text in texts):
        return  # six digits of 2019 and 2020 are months of these years
    try:
        assert days(texts) == [day.isoformat() for day in chosen]
    except CvmError as asked:
        assert "--day-first" in str(asked)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20240105T200000Z", 6),
        ("20240105T2000Z", 6),
        ("20240105T200000.123Z", 6),
        ("20240105T200000+0800", 5),
        ("20240105T200000+08:00", 5),
        ("20240105T200000+08", 5),
        ("20240105T010000-0500", 5),
        ("20240105T120000-0500", 6),
        ("20240105T235959", 5),
    ],
)
def test_a_moment_in_the_basic_form_of_iso_is_read_with_its_zone(text: str, day: int) -> None:
    frame = pd.DataFrame({"customer": ["A", "B"], "date": [text, text], "amount": [1, 2]})
    assert {row[1] for row in read(frame, timezone="Asia/Shanghai").transactions.fetchall()} == {dt.date(2024, 1, day)}


def test_a_moment_in_the_basic_form_asks_for_a_zone() -> None:
    frame = pd.DataFrame({"customer": ["A", "B"], "date": "20240105T200000Z", "amount": [1, 2]})
    with pytest.raises(CvmError, match="Choose the zone"):
        read(frame)
