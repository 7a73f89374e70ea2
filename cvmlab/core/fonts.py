"""The Chinese font that cvmlab brings along, registered with matplotlib on request.

It is a subset of Noto Sans SC (SIL Open Font License 1.1, see ``assets/OFL.txt``), made by
``tools/subset_font.py``. Nothing is registered on import.
"""

from __future__ import annotations

from pathlib import Path

FONT_FILE = Path(__file__).parents[1] / "assets" / "cvmlab-sans-sc.otf"
FONT_FAMILY = "cvmlab Sans SC"


def _gb2312() -> str:
    # rows 1–9 hold signs, letters and kana, rows 16–87 the ideographs; each cell has two bytes
    rows = [*range(0xA1, 0xAA), *range(0xB0, 0xF8)]
    cells = (bytes((row, cell)) for row in rows for cell in range(0xA1, 0xFF))
    return "".join(pair.decode("gb2312", errors="ignore") for pair in cells)


def _span(first: str, last: str) -> str:
    return "".join(map(chr, range(ord(first), ord(last) + 1)))


#: What the font must be able to draw, beside the characters of the vocabulary.
REQUIRED_CHARACTERS = _span(" ", "~") + _span("\xa0", "ÿ") + "–—‘’“”…·•−×÷±≤≥≈≠→←↑↓￥" + _span("！", "～") + _gb2312()


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
