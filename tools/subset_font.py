"""Cut the Chinese font that cvmlab brings along out of Noto Sans CJK.

    python tools/subset_font.py /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc

The font lies in Debian's package ``fonts-noto-cjk``. Kept are the characters of GBK (21,003
ideographs, so that no name in a mainland export is missing, kana, Greek and Cyrillic), printable ASCII and
Latin-1, common punctuation, full-width forms,
and every character of the words and rules of the package. The family is renamed, so that it never stands in
for an installed Noto. The licence (SIL Open Font License 1.1) stays in the font and beside it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from cvmlab.core.fonts import FONT_FAMILY, FONT_FILE, required_characters  # noqa: E402

PACKAGE = HERE.parent / "cvmlab"
SOURCE_FAMILY = "Noto Sans CJK SC"
COPYRIGHT, FAMILY, UNIQUE_ID, FULL_NAME, POSTSCRIPT_NAME = 0, 1, 3, 4, 6
TYPOGRAPHIC_FAMILY = 16
KEPT_NAMES = [COPYRIGHT, FAMILY, 2, UNIQUE_ID, FULL_NAME, 5, POSTSCRIPT_NAME, 8, 9, 10, 13, 14]


def open_source(path: Path) -> TTFont:
    """Return the Simplified Chinese face of a collection, or the only face of a file."""
    if path.suffix.lower() != ".ttc":
        return TTFont(path)
    faces = TTCollection(path).fonts
    return next(face for face in faces if face["name"].getDebugName(FULL_NAME).startswith(SOURCE_FAMILY))


def characters_of_words() -> str:
    """Return every character of the word lists."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted(PACKAGE.glob("*/*.csv")))


def cut(font: TTFont, characters: str) -> None:
    """Keep the glyphs of some characters; drop hints, vertical layout and glyph names."""
    options = subset.Options()
    options.hinting = False
    options.desubroutinize = False
    options.glyph_names = False
    options.layout_features = ["kern"]
    options.name_IDs = KEPT_NAMES
    options.name_languages = [0x409]
    options.notdef_outline = True
    options.drop_tables += ["BASE", "VORG", "vhea", "vmtx", "GSUB", "DSIG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)


def rename(font: TTFont, family: str) -> None:
    """Give the font a family name of its own, keep its copyright, makers and licence."""
    names = font["name"]
    postscript_name = family.replace(" ", "") + "-Regular"
    for identifier, name in {
        FAMILY: family,
        UNIQUE_ID: f"{names.getDebugName(5)};{postscript_name}",
        FULL_NAME: family,
        POSTSCRIPT_NAME: postscript_name,
        TYPOGRAPHIC_FAMILY: family,
    }.items():
        names.setName(name, identifier, 3, 1, 0x409)
    compact = font["CFF "].cff
    compact.fontNames = [postscript_name]
    top = compact.topDictIndex[0]
    top.FamilyName, top.FullName = family, family


def main() -> None:
    """Read the path of the source font, write the subset to where cvmlab looks for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path, help="NotoSansCJK-Regular.ttc or NotoSansSC-Regular.otf")
    parser.add_argument("--output", type=Path, default=FONT_FILE)
    options = parser.parse_args()
    if not options.source.is_file():
        parser.error(f"there is no file {options.source}")
    font = open_source(options.source)
    cut(font, required_characters() + characters_of_words())
    rename(font, FONT_FAMILY)
    # the same input gives the same bytes
    font.recalcTimestamp = False
    options.output.parent.mkdir(parents=True, exist_ok=True)
    font.save(options.output)
    size = options.output.stat().st_size / 1e6
    sys.stdout.write(f"{options.output}: {len(font.getBestCmap()):,} characters, {size:.2f} MB\n")


if __name__ == "__main__":
    main()
