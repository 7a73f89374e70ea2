"""A lesson is worked through, saved and opened again without its kernel: what was committed and seen is there."""

import nbconvert
import nbformat
import pytest

from lab import open_notebook, run_all  # isort: skip

pytestmark = pytest.mark.browser

CELLS = (
    "import cvmlab as cvm\nfrom cvmlab import aggregate, charts, datasets, feedback, value, whatif\n\ncvm.use()",
    'customers = aggregate.summarise_customers(datasets.load("grocery"))\n'
    "customers = value.assume_profit(customers, margin=0.25, cost_per_order=5)",
    'losing = whatif.guess("whatif.guess_losing", unit="share", minimum=0, maximum=1, '
    'truth=lambda: (customers["assumed_profit"] < 0).mean())\nlosing',
    'feedback.picture_after(losing, lambda ax: ax.set_title("What waits for the guess", loc="left"))',
    'whale = whatif.whale_curve(customers, profit="assumed_profit", currency="$", after=losing)\nwhale',
    "losing.reveal()",
    "whatif.guesses_summary()",
)
COMPLAINTS = ("Error displaying widget", "model not found", "Loading widget")


def written(lab, name):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), lab.folder / name)
    return name


def seen(page):
    """Return the text that a reader sees of the outputs, one string per cell."""
    return [cell.inner_text() for cell in page.locator(".jp-Cell-outputWrapper").all()]


def save(page):
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")


def shut_down(page):
    page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown(); }")


def open_without_kernel(page, lab, name):
    page.goto(f"{lab.address}/lab?token={lab.token}&reset")
    page.wait_for_selector(".jp-DirListing-item", timeout=60_000)
    page.evaluate(
        "path => window.jupyterapp.commands.execute('docmanager:open', { path, factory: 'Notebook',"
        " kernelPreference: { shouldStart: false, shouldReuse: false } })",
        name,
    )
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)


def test_the_next_day_without_a_kernel_shows_what_was_committed_and_seen(lab, page):
    name = written(lab, "next_day.ipynb")
    open_notebook(page, lab, name)
    run_all(page)
    guess, waiting, whale, line, summary = (page.locator(".cvm-live").nth(place) for place in range(5))
    whale.locator(".cvm-trouble").wait_for(timeout=30_000)
    # one of everything: what is kept for the next day is out of sight
    assert page.locator(".cvm-kept").count() == 5
    assert not [kept for kept in page.locator(".cvm-kept").all() if kept.is_visible()]

    guess.locator("input").fill("25")
    guess.locator("button").click()
    line.get_by_text("Your guess: 25% · answer: 31.4%").wait_for(timeout=15_000)
    waiting.locator("img[alt='What waits for the guess']").wait_for(timeout=15_000)
    handle = whale.locator("[role=slider]").first
    page.wait_for_function("handle => !handle.closest('[disabled]')", arg=handle.element_handle(), timeout=15_000)
    handle.focus()
    page.keyboard.press("ArrowRight")
    whale.locator(".cvm-sentence", has_text="acting on the worst 35%").wait_for(timeout=15_000)
    summary.get_by_text("25%").wait_for(timeout=15_000)
    page.wait_for_timeout(1_500)
    figures = whale.locator(".cvm-figures").inner_text()
    save(page)
    shut_down(page)

    def check():
        page.locator(".cvm-kept").nth(4).wait_for(state="attached", timeout=30_000)
        page.wait_for_timeout(3_000)
        assert not [said for said in COMPLAINTS for cell in seen(page) if said in cell]
        kept = page.locator(".cvm-kept")
        assert "25% · " in kept.nth(0).inner_text()
        assert kept.nth(1).locator("img").is_visible()
        assert kept.nth(2).locator("img").evaluate("image => image.naturalWidth") > 500
        assert "acting on the worst 35%" in kept.nth(2).inner_text()
        assert kept.nth(2).locator(".cvm-figures").inner_text() == figures
        assert "Your guess: 25% · answer: 31.4%" in kept.nth(3).inner_text()
        assert "25%" in kept.nth(4).inner_text()

    # with no kernel at all
    open_without_kernel(page, lab, name)
    check()
    # and with a fresh one that knows nothing
    open_notebook(page, lab, name)
    check()
    # which, once the cells are run, has the guess from the file beside the notebook
    run_all(page)
    guess.locator("button[disabled]").wait_for(timeout=30_000)
    assert "Your guess: 25%" in guess.inner_text()
    assert (lab.folder / "cvmlab-answers.json").exists()

    # as a page of its own it shows everything once
    shown, _ = nbconvert.HTMLExporter(embed_images=True).from_filename(str(lab.folder / name))
    page.set_content(shown, wait_until="domcontentloaded")
    assert [kept.is_visible() for kept in page.locator(".cvm-kept").all()] == [True] * 5
    text = page.locator("body").inner_text()
    assert text.count("25% · ") == 2 and not [said for said in COMPLAINTS if said in text]


@pytest.mark.parametrize("by", ["button", "Enter"])
def test_after_the_commit_shift_enter_goes_on_to_the_next_cell(lab, page, by):
    name = written(lab, f"go_on_{by}.ipynb")
    open_notebook(page, lab, name)
    run_all(page)
    guess = page.locator(".cvm-live").first
    guess.locator("input").fill("25")
    if by == "Enter":
        guess.locator("input").press("Enter")
    else:
        guess.locator("button").click()
    guess.get_by_text("Your guess: 25%").wait_for(timeout=15_000)
    page.wait_for_function("() => document.activeElement.closest('.jp-Cell')", timeout=5_000)
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(
        "() => { const cells = window.jupyterapp.shell.currentWidget.content; const ran = cells.widgets[3].model;"
        " return ran.executionCount > cells.widgets.length && cells.activeCellIndex === 4; }",
        timeout=15_000,
    )
