"""The static neighbour of a widget: when it is written, and when it is not."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from cvmlab.whatif import forget_guesses, guess, kept, strip_views
from cvmlab.whatif.static import VIEW


@pytest.fixture
def shown(monkeypatch):
    """Collect what would be displayed on a page."""
    outputs = []
    monkeypatch.setattr(kept, "on_a_page", lambda: True)
    monkeypatch.setattr(kept, "REST", 0.01)
    monkeypatch.setattr("IPython.display.display", lambda bundle, **how: outputs.append((bundle, how)))
    yield outputs
    forget_guesses()


def test_without_a_page_there_is_one_output_and_nothing_is_kept(what_if):
    with pytest.raises(NotImplementedError):
        what_if._ipython_display_()
    what_if._keep()
    assert not what_if._still_id


def test_on_a_page_the_view_comes_first_and_the_neighbour_follows_the_commit(shown):
    asked = guess("share", unit="share", truth=0.3)
    asked._ipython_display_()
    (view, _), (still, how) = shown
    assert list(view) == [VIEW] and "30%" not in still["text/html"] and not how["update"]
    asked.commit(0.25)
    later, changed = shown[-1]
    assert changed["update"] and changed["display_id"] == how["display_id"]
    assert "25%" in later["text/html"] and "30%" in later["text/plain"]


def test_a_dragged_slider_is_kept_once_it_rests(shown, what_if):
    async def drag():
        what_if._ipython_display_()
        shown.clear()
        for rate in (0.81, 0.82, 0.83):
            what_if.set(retention_rate=rate)
        assert not shown
        await asyncio.sleep(0.2)

    # in a thread of its own: beside a browser test, this one has a running loop already
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, drag()).result()
    ((still, _),) = shown
    assert "83%" in still["text/plain"] and "<img" in still["text/html"] and what_if.table in still["text/html"]


def test_a_stripped_notebook_loses_the_outputs_that_were_only_a_view():
    view = {"output_type": "display_data", "data": {VIEW: {}}, "metadata": {}}
    text = {"output_type": "display_data", "data": {"text/plain": "25%"}, "metadata": {}}
    printed = {"output_type": "stream", "name": "stdout", "text": "hello"}
    stripped = strip_views({"cells": [{"outputs": [view, text, printed]}, {"source": ""}], "metadata": {}})
    assert stripped["cells"] == [{"outputs": [text, printed]}, {"source": ""}]
