"""The Chinese font that cvmlab brings along, registered with matplotlib on request.

It is a subset of Noto Sans SC (SIL Open Font License 1.1, see ``assets/OFL.txt``), made by
``tools/subset_font.py``. Nothing is registered on import.
"""

from __future__ import annotations

from pathlib import Path

FONT_FILE = Path(__file__).parents[1] / "assets" / "cvmlab-sans-sc.otf"
FONT_FAMILY = "cvmlab Sans SC"


def _characters_of(codec: str) -> str:
    """Return the characters that an encoding stores in two bytes."""
    cells = (bytes((row, cell)) for row in range(0x81, 0xFF) for cell in range(0x40, 0xFF))
    found = (pair.decode(codec, errors="replace") for pair in cells)
    return "".join(text for text in found if len(text) == 1 and text != "\ufffd")


def _span(first: str, last: str) -> str:
    return "".join(map(chr, range(ord(first), ord(last) + 1)))


def required_characters() -> str:
    """Return what the font must draw beside the vocabulary: the signs of GB 2312 and the ideographs of GBK.

    With these a mainland till or office program can store any name.
    """
    return (
        _span(" ", "~")
        + _span("\xa0", "ÿ")
        + "–—‘’“”…·•−×÷±≤≥≈≠→←↑↓￥"
        + _span("！", "～")
        + _characters_of("gb2312")
        + "".join(sign for sign in _characters_of("gbk") if sign >= "\u4e00")
    )


def use_chinese_font() -> None:
    """Register the font and put it behind DejaVu Sans: matplotlib then falls back glyph by glyph.

    Only called by the user's own `cvmlab.use`, or by a chart drawn in Chinese: it changes
    ``rcParams["font.family"]``.

    Examples
    --------
    >>> import matplotlib as mpl
    >>> with mpl.rc_context():
    ...     use_chinese_font()
    ...     mpl.rcParams["font.family"]
    ['DejaVu Sans', 'cvmlab Sans SC']
    """
    import matplotlib as mpl

    mpl.rcParams["font.family"] = list(chinese_families())


def chinese_families() -> tuple[str, ...]:
    """Register the font if it is not yet known, and return the families to draw Chinese text with.

    Examples
    --------
    >>> chinese_families()
    ('DejaVu Sans', 'cvmlab Sans SC')
    """
    from matplotlib import font_manager

    if FONT_FAMILY not in font_manager.fontManager.get_font_names():
        font_manager.fontManager.addfont(FONT_FILE)
    return "DejaVu Sans", FONT_FAMILY
