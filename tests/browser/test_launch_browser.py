"""The launch what-if in a real JupyterLab: slider, button, tick box and reset, in both languages."""

import shutil
from pathlib import Path

import pytest

from lab import open_notebook, run_all  # isort: skip

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).parent / "notebooks" / "launch_demo.ipynb"
WORDS = {
    "en": {
        "notebook": "launch_demo.ipynb",
        "price": "our tariff (before = 100%)",
        "sells": "we sell the handset too",
        "subsidise": "Subsidise the handset",
        "moved": "months after the launch the share is",
        "unmoved": "Nothing has been moved yet",
        "reset": "Reset",
    },
    "zh": {
        "notebook": "zh/launch_demo.ipynb",
        "price": "本公司资费（原为 100%）",
        "sells": "本公司也销售新手机",
        "subsidise": "补贴手机",
        "moved": "个月后，份额为",
        "unmoved": "尚未调整",
        "reset": "重置",
    },
}


@pytest.fixture(scope="module")
def course(lab):
    """Lay the notebook beside the others."""
    for folder in (lab.folder, lab.folder / "zh"):
        shutil.copy(NOTEBOOK, folder)
    return lab


def wait_for_sentence(what_if, text):
    what_if.locator(".cvm-sentence", has_text=text).wait_for(timeout=15_000)


def shown(what_if):
    """Return the picture's bytes and the table as the page has them."""
    return what_if.locator("img.widget-image").evaluate(
        "async image => Array.from(new Uint8Array(await (await fetch(image.src)).arrayBuffer())).join()"
    ), what_if.locator(".cvm-figures").inner_text()


def wait_until(page, what_if, is_so):
    for _ in range(100):
        if is_so(shown(what_if)):
            return
        page.wait_for_timeout(100)
    raise AssertionError("the page did not follow")


def settled(page, what_if):
    """Return what is shown once it has stood for a second: answers to earlier keys may still be on their way."""
    seen, since = shown(what_if), 0
    for _ in range(150):
        page.wait_for_timeout(200)
        now = shown(what_if)
        seen, since = now, (since + 1 if now == seen else 0)
        if since == 5:
            return seen
    raise AssertionError("the page never came to rest")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_launch_answers_to_keyboard_button_tick_and_reset(course, page, language):
    said = WORDS[language]
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    open_notebook(page, course, said["notebook"])
    run_all(page)
    launch = page.locator(".cvm-whatif")
    launch.locator(".widget-image").wait_for(timeout=60_000)
    wait_for_sentence(launch, said["unmoved"])
    start = shown(launch)

    # the keyboard: a cheaper tariff
    price = launch.get_by_role("slider", name=said["price"], exact=True)
    price.wait_for(timeout=15_000)
    price.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    wait_for_sentence(launch, said["moved"])
    assert price.get_attribute("aria-valuenow") == "90.0"
    cheaper = settled(page, launch)
    assert cheaper[0] != start[0]
    assert cheaper[1] != start[1]

    # a button sets the tick box and the subsidy
    launch.get_by_role("button", name=said["subsidise"]).click()
    tick = launch.get_by_label(said["sells"])
    wait_until(page, launch, lambda now: now[0] != cheaper[0] and now[1] != cheaper[1])
    assert tick.is_checked()
    with_handset = settled(page, launch)

    # the tick box alone
    tick.uncheck()
    wait_until(page, launch, lambda now: now[1] != with_handset[1])

    launch.get_by_role("button", name=said["reset"]).click()
    wait_for_sentence(launch, said["unmoved"])
    wait_until(page, launch, lambda now: now == start)
    assert not complaints
