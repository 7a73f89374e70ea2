"""A JupyterLab in a copy of the course's what-ifs, in English and in Chinese, for all browser tests."""

import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from lab import open_browser, running_lab  # noqa: E402

NOTEBOOK = HERE / "notebooks" / "whatif_demo.ipynb"


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory):
    """Run JupyterLab in a folder with a space and a Chinese character in its name."""
    folder = tmp_path_factory.mktemp("what ifs 课")
    (folder / "zh").mkdir()
    for target in (folder, folder / "zh"):
        shutil.copy(NOTEBOOK, target)
    with running_lab(folder) as running:
        yield running


@pytest.fixture(scope="session")
def browser(chromium):
    """Open one browser for all tests."""
    with open_browser(chromium) as opened:
        yield opened


@pytest.fixture
def page(browser):
    """Open a page of a projector's size."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    yield context.new_page()
    context.close()
