"""The answer to what a student wrote."""

from __future__ import annotations

from dataclasses import dataclass

from cvmlab.core.guarding import public


@public
@dataclass(frozen=True)
class Feedback:
    """The answer to a student; a notebook shows it as formatted text.

    Attributes
    ----------
    text
        Markdown.
    right
        Whether the answer is right; None where it is missing, or where nothing is right or wrong.
    """

    text: str
    right: bool | None = None

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.text
