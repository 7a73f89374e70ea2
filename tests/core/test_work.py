"""A work folder is its run's as long as that run lives, whoever clears up meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cvmlab.core import work


def test_a_lock_that_was_cleared_away_before_it_held_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, seen = work._lock, []

    def cleared_first(handle: int) -> Any:
        if not seen:
            # another run takes the new file for one that was left
            seen.append(next(tmp_path.glob("*.lock")))
            seen[0].unlink()
        return lock(handle)

    monkeypatch.setattr(work, "_lock", cleared_first)
    with work.work_folder(tmp_path / "x") as folder:
        assert folder.with_suffix(".lock").exists() and folder.with_suffix(".lock") != seen[0]
        # who clears up sees that this run lives
        work.clear_left(tmp_path / "x")
        assert folder.exists()
    assert not list(tmp_path.iterdir())


def test_what_a_kill_left_goes(tmp_path: Path) -> None:
    (tmp_path / ".x-abcdefgh.part").mkdir()
    (tmp_path / ".x-abcdefgh.lock").touch()
    work.clear_left(tmp_path / "x")
    assert not list(tmp_path.iterdir())
