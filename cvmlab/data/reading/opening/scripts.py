"""Which of several encodings a text is in: the one in which it consists of common characters of one script.

Nearly any bytes are characters in GB18030, Big5, Shift-JIS and Korean, but read in a wrong encoding they are rare ones.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from functools import cache

CHINESE = "gb18030"
_SURE, _LIKELY, _CYRILLIC, _AHEAD = 0.85, 0.7, 0.95, 0.1
_LOOK = 1 << 15
# what Korean texts mostly consist of; its syllables have the same bytes as common Chinese characters
_KOREAN = set(
    "이가다는에의고하을지로은기자사서리대도시인한어나아일스제년주보수전부장정라상원구금액회명객날짜번호품매출합계일"
)
_CHINESE = set(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日"
    "于起还发成事只作当想看文无开手用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月"
    "客户户名称编号日期金额单价数量商品产品订单销售合计姓会员电话备注有限公司市区部店李王张刘陈杨黄赵吴周元"
)


def guess_script(data: bytes) -> str | None:
    """Return the East Asian or Cyrillic encoding of a text that is not UTF-8, None if the text does not decide it."""
    texts = readings(data)
    shares = {encoding: _common_share(text, encoding) for encoding, text in texts.items()}
    if shares.get("cp1251", 1.0) < _CYRILLIC:
        del shares["cp1251"]
    if "cp949" in shares:
        shares.pop(CHINESE if _is_korean(texts["cp949"], texts.get(CHINESE, "")) else "cp949", None)
    if not shares:
        return CHINESE
    best, second = [*sorted(shares, key=lambda encoding: shares[encoding], reverse=True), ""][:2]
    # Chinese in GB18030 is by far the most frequent
    if shares.get(CHINESE, 0.0) >= max(_LIKELY, shares[best] - _AHEAD):
        return CHINESE
    return best if shares[best] >= _SURE and shares[best] - shares.get(second, 0.0) >= _AHEAD else None


def readings(data: bytes) -> dict[str, str]:
    """Return the text in each encoding in which it has one, from the first line on that is not plain."""
    first = next(iter(re.finditer(rb"[\x80-\xff]", data)), None)
    start = 0 if first is None else data.rfind(b"\n", 0, first.start()) + 1
    texts = {}
    for encoding in (CHINESE, "cp950", "cp932", "cp949", "cp1251"):
        with suppress(UnicodeDecodeError):
            texts[encoding] = codecs.getincrementaldecoder(encoding)().decode(data[start : start + _LOOK])
    return texts


def _common_share(text: str, encoding: str) -> float:
    """Return the share of common ones among the different letters beyond ASCII, 0 to 1."""
    # a sign among Cyrillic letters speaks against them; among Chinese characters there is punctuation
    letters = {sign for sign in text if ord(sign) > 127 and (encoding == "cp1251" or (sign > "ɏ" and sign.isalpha()))}
    return sum(_is_common(letter, encoding) for letter in letters) / max(len(letters), 1)


@cache
def _is_common(letter: str, encoding: str) -> bool:
    if encoding == "cp1251":
        return "а" <= letter <= "я" or letter in "ёіїєґ№ЁІ" or "А" <= letter <= "Я"
    if encoding == "cp949":
        return "가" <= letter <= "힣"
    if encoding == "cp932":
        return "\u3041" <= letter <= "\u30fe" or _lead(letter, "cp932", 0x88, 0x97)
    return _lead(letter, "gb2312", 0xB0, 0xD7) or _lead(letter, "big5", 0xA4, 0xC6)


def _lead(letter: str, encoding: str, first: int, last: int) -> bool:
    """Return whether a character is among those that a standard put first because they are common."""
    data = letter.encode(encoding, "ignore")
    return len(data) == 2 and first <= data[0] <= last


def _is_korean(korean: str, chinese: str) -> bool:
    def share(text: str, common: set[str]) -> float:
        letters = [letter for letter in text if ord(letter) > 127]
        return sum(letter in common for letter in letters) / max(len(letters), 1)

    return share(korean, _KOREAN) > share(chinese, _CHINESE) + 0.2
