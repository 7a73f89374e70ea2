"""What-ifs in a real JupyterLab: run, move by keyboard and mouse, see picture and numbers change, reset."""

import re

import pytest

from lab import open_notebook, run_all  # isort: skip

pytestmark = pytest.mark.browser

WORDS = {
    "en": {
        "notebook": "whatif_demo.ipynb",
        "moved": "acting on the worst 35%",
        "unmoved": "Nothing has been moved yet",
        "locked": "Commit your guess first",
        "label": "share of customers at the bottom (%)",
        "reset": "Reset",
        "run_me": "What-if",
    },
    "zh": {
        "notebook": "zh/whatif_demo.ipynb",
        "moved": "对末端 35% 的客户采取行动",
        "unmoved": "尚未调整",
        "locked": "请先提交你的估计",
        "label": "最差客户比例（%）",
        "reset": "重置",
        "run_me": "假设分析",
    },
}
WHALE = 1


def picture_of(what_if):
    """Return the pixels on the page, as the browser has them."""
    return what_if.locator("img.widget-image").evaluate(
        "image => { const canvas = document.createElement('canvas');"
        " canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;"
        " canvas.getContext('2d').drawImage(image, 0, 0); return canvas.toDataURL(); }"
    )


def wait_for_new_picture(page, what_if, old):
    for _ in range(100):
        if picture_of(what_if) != old:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the picture did not change")


def wait_for_sentence(page, what_if, text):
    what_if.locator(".cvm-sentence", has_text=text).wait_for(timeout=15_000)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_what_if_answers_to_guess_keyboard_mouse_and_reset(lab, page, language):
    said = WORDS[language]
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if "widget" in message.text.lower() else None)
    open_notebook(page, lab, said["notebook"])
    run_all(page)
    guess, whale = page.locator(".cvm-whatif").nth(0), page.locator(".cvm-whatif").nth(WHALE)
    whale.locator(".cvm-trouble", has_text=said["locked"]).wait_for(timeout=30_000)
    whale.scroll_into_view_if_needed()
    handle = whale.locator("[role=slider]").first

    # locked until the guess is committed, and the picture, which may give it away, not to be seen
    assert whale.locator(".widget-image").is_hidden()
    assert handle.evaluate("handle => handle.closest('[disabled]') !== null")
    guess.locator("input").fill("25")
    guess.locator("input").press("Tab")
    guess.locator("button").click()
    guess.locator(".cvm-sentence", has_text="25%").wait_for(timeout=15_000)
    unlocked = "handle => !handle.closest('[disabled]')"
    page.wait_for_function(unlocked, arg=handle.element_handle(), timeout=15_000)
    whale.locator(".widget-image").wait_for(timeout=15_000)

    # the keyboard
    start, table = picture_of(whale), whale.locator(".cvm-figures").inner_text()
    handle.focus()
    page.keyboard.press("ArrowRight")
    wait_for_sentence(page, whale, said["moved"])
    wait_for_new_picture(page, whale, start)
    assert whale.locator(".cvm-figures").inner_text() != table
    assert handle.get_attribute("aria-label") == said["label"]
    assert said["moved"] in whale.locator(".widget-image").get_attribute("title")

    # the mouse, dragged fast: the last value counts
    moved = picture_of(whale)
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(40):
        page.mouse.move(x + 2 * step, y)
    page.mouse.up()
    wait_for_new_picture(page, whale, moved)
    shown = whale.locator(".widget-readout").first.inner_text()
    assert int(shown) > 35
    wait_for_sentence(page, whale, f"{shown}%")

    # reset
    whale.get_by_role("button", name=said["reset"]).click()
    wait_for_sentence(page, whale, said["unmoved"])
    for _ in range(50):
        if picture_of(whale) == start:
            break
        page.wait_for_timeout(100)
    assert picture_of(whale) == start
    assert whale.locator(".cvm-figures").inner_text() == table
    assert not [text for text in complaints if "error" in text.lower() or "not found" in text.lower()]

    # the guess stays beside the truth, and the summary knows it
    summary = page.locator(".cvm-guess").last
    summary.scroll_into_view_if_needed()
    assert re.search(r"25%\s+\d+(\.\d+)?%", summary.inner_text())


def test_a_slider_moved_from_code_is_not_moved_back_by_the_page(lab, page):
    open_notebook(page, lab, WORDS["en"]["notebook"])
    run_all(page)
    page.locator(".cvm-whatif").nth(2).locator(".widget-image").wait_for(timeout=30_000)
    page.evaluate(
        "async () => { const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;"
        " await kernel.requestExecute({ code: 'lines.set(current_value=123.4567)' }).done; }"
    )
    matrix = page.locator(".cvm-whatif").nth(2)
    matrix.locator(".cvm-sentence", has_text="have changed type").wait_for(timeout=15_000)
    page.wait_for_timeout(1_000)
    kept = page.evaluate(
        "async () => { const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;"
        " let said = ''; const future = kernel.requestExecute({ code: 'print(lines.scenario.current_value)' });"
        " future.onIOPub = message => { if (message.content.text) said += message.content.text };"
        " await future.done; return said; }"
    )
    assert kept.strip() == "123.4567"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_opened_without_running_it_shows_the_still_picture_and_no_error(lab, page, language):
    page.goto(lab.page_of(WORDS[language]["notebook"]))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    pictures = page.locator(".jp-RenderedImage img")
    # the page lays out one cell after the other
    pictures.nth(1).wait_for(state="attached", timeout=30_000)
    assert pictures.count() == 2
    assert pictures.first.evaluate("image => image.naturalWidth") > 500
    text = page.locator(".jp-Notebook").inner_text()
    for complaint in ("Error displaying widget", "model not found", "Loading widget"):
        assert complaint not in text
    assert "run this cell to commit yours" in text
