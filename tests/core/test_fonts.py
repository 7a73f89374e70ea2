"""The font: every character that people see can be drawn, and its licence lies beside it."""

from __future__ import annotations

import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import cvmlab as cvm
from cvmlab.core import fonts, words

PACKAGE = Path(words.__file__).parents[1]


# what is recognised in files and never drawn
RECOGNISED = {"columns.csv", "units.csv", "months.csv", "times.csv"}


def drawn(*texts: str, family: str | tuple[str, ...]) -> np.ndarray:
    """Draw texts on a picture of their own and return its pixels."""
    figure = Figure(figsize=(2, 1))
    canvas = FigureCanvasAgg(figure)
    for text in texts:
        figure.text(0.1, 0.5, text, fontfamily=family, fontsize=20, parse_math=False)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def characters_of_words() -> set[str]:
    texts = (path.read_text(encoding="utf-8") for path in PACKAGE.glob("*/*.csv") if path.name not in RECOGNISED)
    return set("".join(texts)) - {"\n"}


@pytest.fixture(scope="module")
def font() -> TTFont:
    return TTFont(fonts.FONT_FILE)


def test_the_font_has_every_character_of_the_vocabulary(font: TTFont) -> None:
    # a character missing here: run tools/subset_font.py again
    missing = characters_of_words() - set(map(chr, font.getBestCmap()))
    assert not missing


def test_the_font_has_gbk_and_full_width_forms(font: TTFont) -> None:
    covered = set(map(chr, font.getBestCmap()))
    ideographs = [sign for sign in fonts.required_characters() if "\u4e00" <= sign <= "\u9fff"]
    # GBK has the 20,902 ideographs of Unicode 1.1, beside 101 that lie elsewhere
    assert len(set(ideographs)) == 20_902
    assert set("陶喆李堃臺灣") <= covered
    assert not set(fonts.required_characters()) - covered
    assert set("，。：；（）“”‘’、《》？！…—·￥¥％０９Ａｚ") <= covered


def test_the_font_is_small_has_its_own_name_and_keeps_its_licence(font: TTFont) -> None:
    assert fonts.FONT_FILE.stat().st_size < 6_000_000
    names = font["name"]
    assert {names.getDebugName(number) for number in (1, 4, 16)} == {fonts.FONT_FAMILY}
    for number in (1, 3, 4, 6, 16):
        assert "Noto" not in names.getDebugName(number)
        assert "Source" not in names.getDebugName(number)
    assert "SIL Open Font License" in names.getDebugName(13)
    copyright_line = names.getDebugName(0)
    licence = (fonts.FONT_FILE.parent / "OFL.txt").read_text(encoding="utf-8")
    assert copyright_line in licence
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence


def test_all_chinese_words_are_drawn_without_a_missing_glyph() -> None:
    sentences = [words.term(key, "zh") for key in words.keys()]  # noqa: SIM118
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn(*sentences, family=fonts.chinese_families())


def test_without_the_font_a_chinese_word_would_be_missed() -> None:
    # the test above can fail: DejaVu Sans alone lacks these characters
    with pytest.warns(UserWarning, match="missing from font"):
        drawn("鲸鱼曲线", family="DejaVu Sans")


def test_latin_comes_from_dejavu_and_chinese_from_ours() -> None:
    both = fonts.chinese_families()
    assert (drawn("CLV 1.2", family=both) == drawn("CLV 1.2", family="DejaVu Sans")).all()
    assert (drawn("客户价值", family=both) == drawn("客户价值", family=fonts.FONT_FAMILY)).all()


def test_use_registers_the_font_only_when_asked() -> None:
    with mpl.rc_context():
        before = list(mpl.rcParams["font.family"])
        cvm.use(language="en")
        assert list(mpl.rcParams["font.family"]) == before
        try:
            cvm.use(language="zh")
            assert list(mpl.rcParams["font.family"]) == ["DejaVu Sans", fonts.FONT_FAMILY]
        finally:
            cvm.use(language="en")


def test_registering_twice_adds_one_font() -> None:
    from matplotlib.font_manager import fontManager

    fonts.chinese_families()
    fonts.chinese_families()
    assert [entry.name for entry in fontManager.ttflist].count(fonts.FONT_FAMILY) == 1


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_chinese_is_saved_in_every_format(kind: str, tmp_path: Path) -> None:
    figure = Figure(figsize=(2, 1))
    figure.text(0.1, 0.5, "客户价值 CLV", fontfamily=fonts.chinese_families())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(tmp_path / f"图.{kind}")
    assert (tmp_path / f"图.{kind}").stat().st_size > 1_000
