"""A home without settings, and a report made earlier."""

import messy_report
import pytest


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a home folder as a Chinese user may have it."""
    folder = tmp_path_factory.mktemp("home") / "张 三"
    folder.mkdir()
    return folder


@pytest.fixture
def earlier(tmp_path):
    """Return the folder of an earlier report."""
    return messy_report.make_earlier_report(tmp_path / "reports")
