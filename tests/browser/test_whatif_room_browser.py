"""Every finished what-if in JupyterLab on a small screen: all of it is seen at once, and its Play button plays."""

import nbformat
import pytest

from lab import open_notebook, run_all  # isort: skip

pytestmark = pytest.mark.browser

#: Pixels that a notebook of a screen of 1366 × 768 leaves to a what-if.
ROOM = 640
CELLS = [
    """import cvmlab as cvm
cvm.use()
customers = cvm.aggregate.summarise_customers(cvm.datasets.load("grocery"))
customers = cvm.value.assume_profit(customers, margin=0.25, cost_per_order=5)
customers = cvm.value.headroom(customers, value="assumed_profit")
customers["current_value"] = customers["assumed_profit"]
import pandas as pd
shops = pd.DataFrame({
    "customer_id": list("abcdefgh"), "current_value": [24e3, 168e2, 135e2, 189e2, 36e2, 224e1, 15e2, 9e2],
    "could_win": [16e3, 123e2, 108e2, 81e2, 225e2, 136e2, 55e2, 2e3]})""",
    'cvm.whatif.life_curve(cvm.lifecycle.Relationship(acquisition_cost=8_000), currency="¥")',
    'cvm.whatif.pattern_explorer(currency="¥")',
    'cvm.whatif.pipeline_step(currency="¥")',
    'cvm.whatif.launch(customers=2_000, currency="¥")',
    'cvm.whatif.value_matrix(customers, currency="$")',
    'cvm.whatif.whale_curve(customers, profit="assumed_profit", currency="$")',
    'cvm.whatif.silence_to_call(currency="¥")',
    'cvm.whatif.current_value(currency="¥")',
    'cvm.whatif.growth_potential(currency="¥")',
    'cvm.whatif.matrix_and_budget(shops, currency="¥")',
    'cvm.whatif.fewer_defections(currency="¥")',
    'cvm.whatif.complaints_resolved(currency="¥")',
    'cvm.whatif.win_back_offer(currency="¥")',
    """scores = pd.DataFrame({"customer_id": [f"{number:05d}" for number in range(16_147)]})
scores["churn_probability"] = 0.05 + 0.15 * (scores.index / len(scores)) ** 2
cvm.whatif.campaign_cut_off(scores, currency="¥")""",
    'cvm.whatif.carrier_plan(currency="¥")',
    'cvm.whatif.price_or_relationship(cvm.datasets.load("packaging_choices"), currency="¥")',
]
LAUNCH, PIPELINE = 3, 2
#: Width and height of a what-if, and the texts that do not fit into their places.
MEASURE = """page => {
  const box = page.getBoundingClientRect(), seen = element => element.getClientRects().length;
  const cut = [...page.querySelectorAll('label, button, td, th, p, img, .widget-readout')].filter(element =>
    seen(element) && (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline'
      || element.getBoundingClientRect().right > box.right + 1));
  const scrolling = page.closest('.jp-OutputArea-output, .jp-OutputArea');
  return { height: box.height, cut: cut.map(element => element.className + ' ' + element.textContent),
    scrolls: scrolling.scrollWidth > scrolling.clientWidth + 1, sentence: seen(page.querySelector('.cvm-sentence')) };
}"""


@pytest.fixture(scope="module")
def course(lab):
    """Write a notebook with every finished what-if, in both languages."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS], metadata=kernel)
    for folder in (lab.folder, lab.folder / "zh"):
        nbformat.write(notebook, folder / "room.ipynb")
    return lab


@pytest.fixture
def what_ifs(course, browser, request):
    """Open the notebook on a small screen and run it."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    open_notebook(page, course, request.param)
    run_all(page)
    found = page.locator(".cvm-whatif")
    for place in range(len(CELLS) - 1):
        found.nth(place).locator("img.widget-image").wait_for(timeout=60_000)
    yield page, found
    context.close()


def measured(page, what_if):
    """Return what is measured once it has stood for half a second."""
    seen, since = None, 0
    for _ in range(60):
        page.wait_for_timeout(100)
        now = what_if.evaluate(MEASURE)
        seen, since = now, (since + 1 if now == seen else 0)
        if since == 5:
            return seen
    raise AssertionError("the page never came to rest")


@pytest.mark.parametrize("what_ifs", ["room.ipynb", "zh/room.ipynb"], indirect=True)
def test_settings_picture_and_table_are_seen_together_whatever_is_pressed(what_ifs, record_property):
    page, found = what_ifs
    for place, cell in enumerate(CELLS[1:]):
        what_if = found.nth(place)
        what_if.scroll_into_view_if_needed()
        buttons = what_if.locator(".cvm-buttons button")
        heights = []
        # the last one makes what is seen the baseline, the one before resets
        for pressed in range(-1, buttons.count() - 2):
            if pressed >= 0:
                buttons.nth(pressed).click()
            now = measured(page, what_if)
            assert now["cut"] == [], cell
            assert not now["scrolls"], cell
            assert now["sentence"], cell
            heights.append(now["height"])
        record_property(cell, max(heights))
        print(f"{max(heights):.0f} px: {cell}")
        assert max(heights) <= ROOM, cell
        sliders = what_if.locator("[role=slider]:visible")
        seen = sliders.count()
        assert seen <= 5 + what_if.locator(".cvm-player").count(), cell
        # by keyboard
        folded = what_if.get_by_role("button", expanded=False)
        if folded.count():
            folded.press("Enter")
            what_if.get_by_role("button", expanded=True).wait_for(timeout=5_000)
            assert sliders.count() > seen, cell
            assert measured(page, what_if)["cut"] == [], cell


@pytest.mark.parametrize("what_ifs", ["room.ipynb"], indirect=True)
def test_play_unfolds_the_picture_to_its_end_and_a_slider_stops_it(what_ifs):
    page, found = what_ifs
    launch = found.nth(LAUNCH)
    launch.scroll_into_view_if_needed()
    play, month = launch.locator(".widget-play button").first, launch.locator(".cvm-player .widget-readout")
    picture = launch.locator("img.widget-image")
    page.wait_for_function("play => play.getAttribute('aria-label') === 'Play'", arg=play.element_handle())
    bytes_of = (
        "async image => Array.from(new Uint8Array(await (await fetch(image.src)).arrayBuffer()))"
        ".reduce((sum, byte, place) => (sum * 31 + byte + place) % 1000000007, 7)"
    )
    whole = picture.evaluate(bytes_of)
    end = month.inner_text()

    play.press("Enter")
    seen = {}
    for _ in range(100):
        seen[month.inner_text()] = picture.evaluate(bytes_of)
        if month.inner_text() == end and len(seen) > 2:
            break
        page.wait_for_timeout(100)
    assert len(seen) > 5
    assert len(set(seen.values())) > 5
    page.wait_for_timeout(500)
    assert picture.evaluate(bytes_of) == whole

    play.press("Enter")
    page.wait_for_timeout(800)
    assert month.inner_text() != end
    launch.locator("[role=slider]:visible").nth(1).press("ArrowRight")
    page.wait_for_timeout(1_500)
    assert month.inner_text() == end
    assert launch.locator(".widget-play .fa-play").count() == 1


EXACT = """rates = cvm.whatif.WhatIf(
    cvm.pipeline.PipelineRates(user_dormant=0.031), lambda rates: {"lost": rates.user_dormant},
    lambda ax, result: ax.plot([0, 1], [0, result["lost"]]), only=["user_dormant"],
    ranges={"user_dormant": (0, 0.2, 0.01)}, presets={"one": {"user_dormant": 0.02}, "two": {"user_dormant": 0.0575}})
rates"""


@pytest.mark.parametrize("again", ["0", "1", "2"])
def test_a_slider_shows_exactly_what_a_preset_sets(course, browser, again):
    # each kernel sends the parts of a slider in an order of its own
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(cell) for cell in ("import cvmlab as cvm", EXACT)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), course.folder / f"exact{again}.ipynb")
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    open_notebook(page, course, f"exact{again}.ipynb")
    run_all(page)
    what_if = page.locator(".cvm-whatif")
    readout = what_if.locator(".widget-readout")
    readout.wait_for(timeout=30_000)
    assert readout.inner_text() == "3.1"
    for button, shown in (("one", "2"), ("two", "5.75"), ("one", "2"), ("Reset", "3.1"), ("two", "5.75")):
        what_if.get_by_role("button", name=button).click()
        page.wait_for_timeout(700)
        assert float(readout.inner_text()) == float(shown)
    said = what_if.locator(".cvm-sentence").inner_text()
    assert "5.75% instead of 3.1%" in said
    context.close()
