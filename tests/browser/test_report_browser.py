"""The report in a real browser: offline, nothing runs that came with the data, page one can be read."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import messy_report
import pandas as pd
import pytest

from cvmlab import term

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Make a report of hostile data in English and one of a Chinese export, at the same time."""
    folder = tmp_path_factory.mktemp("browser 张 三")
    sources = {
        "en": messy_report.write_hostile_csv(folder / "hostile.csv"),
        "zh": messy_report.write_gb18030(folder / "销售.csv", customers=60),
    }

    def made(language):
        command = [sys.executable, "-m", "cvmlab", "report", str(sources[language]), "--language", language]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
        assert ran.returncode == 0, ran.stderr
        return folder / "reports" / sources[language].stem / "report.html"

    with ThreadPoolExecutor() as pool:
        return dict(zip(sources, pool.map(made, sources), strict=True))


@pytest.fixture(scope="module")
def browser(chromium):
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(params=["en", "zh"])
def opened(request, reports, browser):
    """Open a report from disk and note what it asks for and complains about."""
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    asked, complaints = [], []
    page.on("request", lambda sent: asked.append(sent.url))
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
    page.goto(reports[request.param].as_uri(), wait_until="load")
    yield page, request.param, asked, complaints
    page.close()


def test_a_report_opens_without_a_request_or_a_complaint(opened):
    page, _, asked, complaints = opened
    page.wait_for_timeout(300)
    assert asked
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert complaints == []


def test_pictures_are_drawn_and_described(opened):
    page, language, _, _ = opened
    pictures = page.locator("img")
    assert pictures.count() >= 6
    for number in range(pictures.count()):
        picture = pictures.nth(number)
        assert picture.get_attribute("alt")
        assert picture.evaluate("picture => picture.complete && picture.naturalWidth > 400")
    assert pictures.first.get_attribute("alt") == term("report.alt_silence", language=language)


def test_page_one_is_seen_at_once(opened, tmp_path):
    page, language, _, _ = opened
    for selector in ("h1", ".light", ".stakes", "ol.sentences"):
        box = page.locator(selector).first.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 1280
        assert box["y"] + box["height"] <= 1000, selector
    assert page.locator("ol.sentences li").count() == 5
    assert page.get_by_text(term("report.calls_title", language=language), exact=True).is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    picture = tmp_path / f"page_one_{language}.png"
    page.screenshot(path=picture)
    assert picture.stat().st_size > 20_000


def test_the_page_fits_a_phone(opened):
    page, *_ = opened
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_html_in_the_data_shows_as_text(reports, browser):
    page = browser.new_page()
    page.goto(reports["en"].as_uri())
    shown = page.locator("main").inner_text()
    for text in messy_report.HOSTILE_IDS:
        assert text in shown
    assert messy_report.HOSTILE_NAME in shown
    assert page.locator("script").count() == 0
    assert page.locator("img[src='x']").count() == 0
    page.close()


def test_300_columns_one_of_them_twice_are_read(reports):
    page = reports["en"].read_text(encoding="utf-8")
    assert "note 0 (2)" in page
    listed = (reports["en"].parent / "customers.csv").read_text(encoding="utf-8-sig")
    assert "\n007," in listed
    assert "\n'=cmd()," in listed
    assert "\n=cmd()" not in listed


def test_the_groups_index_opens_too(reports, browser, tmp_path):
    from cvmlab import reading
    from cvmlab.report.pages import write_index
    from cvmlab.report.result import Group

    folder = reports["zh"].parent
    index = folder.parent / "index.html"
    log = reading.read(pd.DataFrame({"customer_id": ["a", "b"], "date": ["2021-01-31"] * 2, "amount": [1.0, 2.0]}))
    groups = [Group(name, folder.name, folder, 1, Decimal(amount), 1) for name, amount in (("王", 1), ("<b>李</b>", 2))]
    write_index(index, "groups", "业务员", groups, {"<b>李</b>": "<i>why</i>"}, log)
    page = browser.new_page()
    page.goto(index.as_uri())
    assert "<b>李</b>" in page.locator("main").inner_text()
    assert "<i>why</i>" in page.locator("main").inner_text()
    page.locator("a").first.click()
    page.wait_for_load_state()
    assert page.locator("ol.sentences li").count() == 5
    page.close()
