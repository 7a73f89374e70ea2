"""How well a text reads in an encoding of single letters: the share of its words that some language could write.

Nearly any bytes are letters in such an encoding, but read in a wrong one they are letters that no language has
together, signs within a word, capitals after small letters, and seldom the frequent ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

_WESTERN = (
    "äöüß àâæçéèêëîïôœùûüÿ áéíñóúü ãõáâàçéêíóôúü àèéìíîòóùú åäöéü æøåéöäüóèê áðéíóúýþæö ëïéèöüáóçê äöõüšž àçéèíïóòúü"
)
_CENTRAL = "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű čćđšž ăâîșțşţ äöüß"
_TURKISH = "çğıöşüâîûi\u0307"
_BALTIC = "ąčęėįšųūž āčēģīķļņšūž äöõüšž"
_CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя абвгґдеєжзиіїйклмнопрстуфхцчшщьюя абвгдђежзијклљмнњопрстћуфхцчџш"
_GREEK = "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ"
_HEBREW = "אבגדהוזחטיךכלםמןנסעףפץצקרשת"
_ARABIC = "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652ـپچژگ"
_THAI = "".join(map(chr, [*range(0x0E01, 0x0E3B), *range(0x0E40, 0x0E4F)]))
_HALF_KANA = "".join(map(chr, range(0xFF66, 0xFFA0)))
# which languages are written in an encoding, the letters of each beyond ASCII; the more frequent encodings first
LATIN = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "cp1254": _TURKISH,
    "cp1257": _BALTIC,
    "cp850": _WESTERN,
    "mac_roman": _WESTERN,
    "cp852": _CENTRAL,
    "iso8859-2": _CENTRAL,
    "cp857": _TURKISH,
}
OTHERS = {
    "cp1251": _CYRILLIC,
    "koi8-u": _CYRILLIC,
    "cp866": _CYRILLIC,
    "iso8859-5": _CYRILLIC,
    "mac_cyrillic": _CYRILLIC,
    "cp1253": _GREEK,
    "iso8859-7": _GREEK,
    "cp737": _GREEK,
    "cp1255": _HEBREW,
    "cp862": _HEBREW,
    "cp1256": _ARABIC,
    "iso8859-6": _ARABIC,
    "cp874": _THAI,
    "cp932": _HALF_KANA,
    "euc_jp": _HALF_KANA,
}
_FREQUENT = {
    _CYRILLIC: "оеаинтсрвл",
    _GREEK: "αοιετσνηυρ",
    _HEBREW: "יוהלאמרתבש",
    _ARABIC: "الينمروتبهدع",
    _THAI: "านรอกเง่มยลวดทสตะปบ้ีค",
    _HALF_KANA: "ｲﾝｳｼｶｸｽﾀﾄﾞｰｷﾏﾅﾘﾗ",
}
# so much of a text consists of the frequent letters
_FREQUENT_SHARE = 0.5
# what may stand beside a word, and what joins two
_BESIDE, _BETWEEN = "«»“”„’‘–—…°№€£®™²³½ºª·•\xa0", "[’‘–—·\xa0]"
# vowel signs without their consonant, two of a kind
_NEVER = {
    _THAI: re.compile("^[ะ-ฺ็-๎]|[เ-ไ](?![ก-ฮ])|[็-๎](?=[ิ-ฺ็-๎])|[ิ-ฺ](?=[ะ-ฺ])|ะ(?=[ะ-ฺ็-๎])"),
    _HALF_KANA: re.compile("^[ｧ-ｰﾞﾟ]|(?<![ｳｶ-ﾄﾊ-ﾎ])ﾞ|(?<![ﾊ-ﾎ])ﾟ"),
}


def foreign_words(text: str) -> list[str]:
    """Return the words that are not plain."""
    return [word for word in re.findall("[A-Za-z\x80-\U0010ffff]+", text) if not word.isascii()]


def fit(words: Sequence[str], encoding: str) -> float:
    """Return the share of words that a language of the encoding could write, times how frequent its letters are."""
    languages = LATIN.get(encoding) or OTHERS[encoding]
    share = sum(_is_word(word, languages) for word in words) / max(len(words), 1)
    if languages not in _FREQUENT:
        return share
    letters = [letter for word in words for letter in word.lower() if not letter.isascii()]
    frequent = sum(letter in _FREQUENT[languages] for letter in letters) / max(len(letters), 1)
    return share * frequent / _FREQUENT_SHARE


def _is_word(word: str, languages: str) -> bool:
    parts = [part for part in re.split(_BETWEEN, word.strip(_BESIDE)) if not part.isascii()]
    if parts:
        return all(_is_of(part, languages) for part in parts)
    # signs alone; of a wrong encoding there are two or more
    return not re.search("[^\x00-\x7f\xa0]{2}", word)


@lru_cache(1 << 14)
def _is_of(part: str, languages: str) -> bool:
    is_latin = languages in LATIN.values()
    if not is_latin and re.search("[A-Za-z]", part):
        return False
    if any(one.islower() and two.isupper() and not (one + two).isascii() for one, two in pairwise(part)):
        return False
    if (never := _NEVER.get(languages)) and never.search(part):
        return False
    letters = {letter for letter in part.lower() if not letter.isascii()}
    return any(letters <= set(language) for language in languages.split())
