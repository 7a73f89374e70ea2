"""How an argument is refused: what was given, shortly, and what is needed instead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .words import CvmError, say


@dataclass(frozen=True)
class Needed:
    """What is needed instead, put into language when the sentence is read."""

    key: str
    values: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        return say(f"guarding.{self.key}", **dict(self.values))


def refusal(value: object, key: str, **values: object) -> CvmError:
    """Return the error of an argument that is something else than what is needed."""
    return CvmError(
        "guarding.needs", value=brief(value), needed=Needed(key, tuple(values.items())), function="", name=""
    )


def brief(value: object, most: int = 60) -> str:
    """Return a value as a sentence can show it: short, on one line, every sign printable."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"<{type(value).__name__} {' × '.join(map(str, shape))}>"
    if isinstance(value, np.generic):
        value = value.item()
    try:
        shown = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    except Exception:
        shown = f"<{type(value).__name__}>"
    shown = " ".join(shown.split())
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
