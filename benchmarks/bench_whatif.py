"""From key press to changed picture in a real JupyterLab: a what-if against ipywidgets.interact with inline matplotlib.

    python benchmarks/bench_whatif.py [--presses N] [--browser PATH]

Both draw the same curve with its baseline, at the same size on the page, in one notebook with one kernel, and are
pressed in turn. Time runs from the key event in the page to the load event of the new picture. Then the slider
of the what-if is dragged and every picture is compared with where the slider stood. Needs Playwright and an installed
Chromium.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))

from lab import open_browser, open_notebook, run_all, running_lab

BASELINE = 50

CURVE = """
import numpy as np

periods = np.arange(0, 61)

def value(retention_rate):
    return 100 * np.cumsum((retention_rate / 1.01) ** periods)
"""

OURS = """
from cvmlab.core.scenario import Scenario, dataclass, number
from cvmlab.whatif import WhatIf

@dataclass(frozen=True)
class Offer(Scenario):
    retention_rate: float = number(0.5, minimum=0, maximum=0.95, step=0.01, word="retention_rate", unit="share")

def compute(offer):
    curve = value(offer.retention_rate)
    return {"curve": curve, "value": curve[-1], "shown": round(100 * offer.retention_rate)}

def frame(ax, baseline):
    ax.set(xlim=(0, 60), ylim=(0, 2000), xlabel="period", ylabel="value of a customer")

def draw(ax, result):
    ax.plot(periods, result["curve"], linewidth=2)

WhatIf(Offer(), compute, draw, frame=frame, sentence=lambda before, after: f"at {after['shown']}")
"""

PEER = """
%matplotlib inline
import ipywidgets
import matplotlib.pyplot as plt

@ipywidgets.interact(retention_rate=ipywidgets.FloatSlider(value=0.5, min=0, max=0.95, step=0.01))
def show(retention_rate):
    fig, ax = plt.subplots(figsize=(5.6, 3.8), dpi=100)
    ax.plot(periods, value(0.5), color="grey", linestyle="--")
    ax.plot(periods, value(retention_rate), linewidth=2)
    ax.set(xlim=(0, 60), ylim=(0, 2000), xlabel="period", ylabel="value of a customer")
    ax.grid()
    plt.show()
"""

# when a key went down, when the next picture was there, and all that happened during a drag
WATCH = """() => {
  const seen = window.seen = { pressed: 0, changed: 0, pictures: [], slider: [] };
  document.addEventListener('keydown', () => { seen.pressed = performance.now() }, true);
  const ours = document.querySelector('.cvm-whatif'), picture = ours.querySelector('.widget-image');
  picture.addEventListener('load', () => { seen.changed = performance.now() });
  new MutationObserver(() => seen.pictures.push([performance.now(), picture.title]))
    .observe(picture, { attributes: true, attributeFilter: ['src'] });
  const readout = ours.querySelector('.widget-readout');
  new MutationObserver(() => seen.slider.push([performance.now(), Number(readout.textContent)]))
    .observe(readout, { childList: true, characterData: true, subtree: true });
  const peer = document.querySelector('.widget-interact');
  new MutationObserver(changes => {
    for (const change of changes) for (const node of change.addedNodes) {
      const image = node.nodeType === 1 && (node.matches('img') ? node : node.querySelector('img'));
      if (image) image.decode().then(() => { seen.changed = performance.now() });
    }
  }).observe(peer, { childList: true, subtree: true });
}"""


def notebook() -> Any:
    made = nbformat.v4.new_notebook()
    made.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    made.cells = [nbformat.v4.new_code_cell(text.strip()) for text in (CURVE, OURS, PEER)]
    return made


def press(page: Any, slider: Any, key: str) -> float:
    """Press a key on a slider; return milliseconds until the picture has changed."""
    slider.focus()
    page.keyboard.press(key)
    page.wait_for_function("() => window.seen.changed > window.seen.pressed", timeout=20_000)
    milliseconds = page.evaluate("() => window.seen.changed - window.seen.pressed")
    # until everything that follows the picture has come to rest
    page.wait_for_timeout(300)
    return float(milliseconds)


def drag(page: Any, handle: Any) -> dict[str, Any]:
    """Drag the slider to and fro; return what was seen of slider and pictures."""
    page.evaluate("() => { window.seen.pictures = []; window.seen.slider = [] }")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for place in (*range(0, 90, 2), *range(90, -60, -2), *range(-60, 30, 2)):
        page.mouse.move(x + place, y)
        page.wait_for_timeout(8)
    page.mouse.up()
    page.wait_for_timeout(1_500)
    return dict(page.evaluate("() => window.seen"))


def value_of(title: str) -> int:
    """Return the slider's value that a picture was made for; at the baseline the sentence names none."""
    return int((re.findall(r"\d+", title) or [BASELINE])[-1])


def lags(seen: dict[str, Any]) -> list[int]:
    """Return for each picture how many pictures came since the slider left its value; 0 if it was the newest."""
    pictures = [(time, value_of(title)) for time, title in seen["pictures"]]
    found = []
    for time, value in pictures:
        left = None
        for (start, shown), (end, _) in zip(seen["slider"], [*seen["slider"][1:], [float("inf"), None]], strict=True):
            if shown == value and start <= time:
                left = end
        if left is None:
            raise AssertionError(f"a picture shows {value}, where the slider never stood")
        found.append(sum(left < other < time for other, _ in pictures))
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--presses", type=int, default=40)
    options.add_argument("--browser", default=shutil.which("chromium") or shutil.which("google-chrome"))
    chosen = options.parse_args()
    if not chosen.browser:
        sys.exit("no Chromium on PATH: pass --browser")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nbformat.write(notebook(), folder / "bench.ipynb")
        with running_lab(folder) as lab, open_browser(Path(chosen.browser)) as browser:
            page = browser.new_page(viewport={"width": 1366, "height": 1500})
            open_notebook(page, lab, "bench.ipynb")
            run_all(page)
            page.wait_for_selector(".widget-interact img", timeout=60_000)
            page.wait_for_timeout(3_000)
            page.evaluate(WATCH)
            ours, peer = (page.locator(f"{kind} [role=slider]").first for kind in (".cvm-whatif", ".widget-interact"))
            times: dict[str, list[float]] = {"what-if": [], "interact": []}
            for turn in range(chosen.presses + 3):
                key = "ArrowRight" if turn % 20 < 10 else "ArrowLeft"
                for who, slider in (("what-if", ours), ("interact", peer)):
                    milliseconds = press(page, slider, key)
                    if turn >= 3:
                        times[who].append(milliseconds)
            seen = drag(page, ours)
    medians = {who: statistics.median(found) for who, found in times.items()}
    print(f"key press to changed picture, {chosen.presses} presses each, in turn")
    for who, found in times.items():
        quarters = statistics.quantiles(found, n=4)
        print(f"  {who:9} median {medians[who]:6.1f} ms  (quartiles {quarters[0]:.1f}–{quarters[2]:.1f})")
    print(f"  interact ÷ what-if: {medians['interact'] / medians['what-if']:.2f} (goal ≥ 5)")
    behind = lags(seen)
    last = value_of(seen["pictures"][-1][1])
    print(
        f"drag: {len(seen['slider'])} slider values, {len(behind)} pictures, at most {max(behind)} picture behind"
        f" (goal ≤ 1); last picture at {last}, slider at {seen['slider'][-1][1]:g}"
    )


if __name__ == "__main__":
    main()
