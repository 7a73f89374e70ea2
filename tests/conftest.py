"""What all tests share: English, no window, repeatable examples, and the browser they need."""

import os
import shutil
from pathlib import Path

import matplotlib
import pytest
from hypothesis import HealthCheck, settings

# A test never opens a window. Not by MPLBACKEND: the kernels of notebooks would inherit it and draw nothing.
matplotlib.use("Agg")

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
# Nobody watches a test: a bar in a notebook's output would make it differ from the committed one.
os.environ["CVMLAB_PROGRESS"] = "off"
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)

settings.register_profile("default", deadline=None)
settings.register_profile(
    "ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("ci" if IN_CI else "default")


@pytest.fixture(autouse=True)
def speak_english():
    """Leave every test in English, whatever it spoke, and with no picture open."""
    import cvmlab as cvm

    cvm.use("en")
    yield
    cvm.use("en")
    _close_pictures()


def _close_pictures() -> None:
    import sys

    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Return an installed Chromium, Chrome or Edge.

    Without one the test is skipped, and says so; with CI=true it fails, so that a missing browser
    cannot pass for success.
    """
    for name in BROWSERS:
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    reason = f"no browser on PATH (looked for {', '.join(BROWSERS)})"
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)
