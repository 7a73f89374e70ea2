"""The first line of every notebook: the language of the session, its font, and help with a beginner's slips."""

from __future__ import annotations

from pathlib import Path

from .words import language as language_in_force
from .words import set_language


def use(language: str | None = None) -> None:
    """Set the language of labels, messages, widgets and charts for this session.

    Left out, the language follows from the working folder: a notebook of the Chinese course runs in a folder
    named ``zh``, so that it needs the same code as its English twin.

    For Chinese the font that cvmlab brings along is registered with matplotlib, so that no
    character is missing from a picture. In a notebook an answer without quotation marks, or with Chinese ones, is
    explained in a sentence above Python's own message.

    Parameters
    ----------
    language
        ``"en"`` or ``"zh"``; left out, ``"zh"`` in a folder named ``zh`` and ``"en"`` anywhere else.

    Examples
    --------
    >>> from cvmlab import term
    >>> use(language="zh"); term("retention_rate"); use(language="en")
    '客户保持率'
    """
    set_language(("zh" if Path.cwd().name == "zh" else "en") if language is None else language)
    if language_in_force() == "zh":
        from .fonts import use_chinese_font

        use_chinese_font()
    from .slips import explain_slips

    explain_slips()
