"""Which of several encodings a text is in: the one in which it consists of common characters of one script.

Nearly any bytes are characters in GB18030, Big5, Shift-JIS and Korean, but read in a wrong encoding they are rare ones.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache

from .alphabets import LATIN, OTHERS, fit, foreign_words

CHINESE, WESTERN = "gb18030", "cp1252"
EAST_ASIAN = (CHINESE, "cp950", "cp932", "cp949", "euc_jp")
_SURE, _LIKELY, _AHEAD = 0.85, 0.7, 0.1
_READABLE = 0.95
_FEW = 12
_LOOK, _CELLS = 1 << 15, 400
_WESTERN_SHARE = 0.8
# in Windows-1252; Japanese has most of the others before a plain sign
_WESTERN_SIGN = re.compile(rb"[\x80\x85\x8a\x8c\x8e\x91-\x97\x99\x9a\x9c\x9e\x9f\xa0-\xff]")
# digits, punctuation and currencies as wide as a character
_WIDE_SIGNS = re.compile("[\x00-\x7f\u3000-\u3011\uff01-\uff5e\uffe5]+")
_KANA = re.compile("[ぁ-ん]{2,}|[ァ-ヶー〖]{2,}")
_FREQUENT_SHARE = 0.3
_SIMPLIFIED = set(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日"
    "于起还发成事只作当想看文无开手用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月"
    "明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内"
    "加化由却代军产入先山五太水万市员度表体品合务通安金百车价华京州南广林城江河店省县街路村镇石建民伟军杰强磊洋勇艳娟敏静丽秀玉"
    "英红娜霞玲芳燕波刚辉鹏飞斌峰超俊龙云兰梅雪琴春花凤珍珠佳欣怡雅婷倩晓志国宇浩然子涵轩泽博思嘉诗梓豪晨阳旭东凯文涛健康永福"
    "客户称编号期额单数量商订销售计姓电备注限司区李王张刘陈杨黄赵吴周徐孙马胡朱郭何罗高梁郑谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡"
    "余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范廖贾夏韦付方白邹孟熊秦邱尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵钱严覃武戴莫孔向汤科技贸易"
    "集团联网服食药器材饰设计装备投资实业超连锁酒茶咖啡馆厂室局院校银行保险医院湖浙苏沪深圳杭宁厦青岛武汉成都重庆津昌"
)
_TRADITIONAL = set(
    "陳張劉黃趙吳孫馬許葉鄭謝馮鄧蕭蔣蘇魏呂盧鍾譚陸賈羅韓東國華業電號額單數訂銷總計編點門會區號縣龍鳳麗愛萬寶偉傑"
    "楊黃郭梁宋唐馮程曹袁許沈曾彭呂蔡丁余潘杜戴鍾汪田任姜范方石姚廖鄒熊金陸孔白邱江顧侯孟湯黎賴美淑惠玲珍芬雅婷怡欣佳宜靜文志明俊"
    "家豪建宏冠承翰銘榮德春秀英雪慧芳詩涵臺灣北中高雄新竹南商店客戶名稱編日期產品價貨單備註購買時間鴻海精密"
)
_JAPANESE = set(
    "日本一人大年会中出社東京者自山田川木村藤佐鈴高橋渡辺伊小林加吉井松清水崎森池阿部石前岡長谷後近坂遠青西福三太原和竹金"
    "子中野武上杉千葉菅久保市平今河内工島柴酒宮横宇美安丸谷増新関原神内名古屋阪都府県区町株式会社商事物産店販売株客様購入顧"
    "番号品額合計郎花健実翔誠優茂愛正男女雄真由香織恵子直樹浩二明博之介太一代隆秀豊進勝利昭弘義和裕幸貴哉翼拓也彩奈陽菜結衣"
)
_HANGUL = set(
    "이가다는에의고하을지로은기자사서리대도시인한어나아일스제년주보수전부장정라상원구금액회명객날짜번호품매출합계일"
    "김박최정강조윤장임오신권황안송류홍민영현진성우경희재준호동훈철미선연은혜숙자용태국승"
)
# what texts mostly consist of
_FREQUENT = {
    CHINESE: _SIMPLIFIED | _TRADITIONAL,
    "cp950": _TRADITIONAL | {sign for sign in _SIMPLIFIED if sign.encode("big5", "ignore")},
    "cp932": _JAPANESE | set(map(chr, range(0x3041, 0x30FF))),
    "cp949": _HANGUL,
    "euc_jp": _JAPANESE,
}


def guess_script(data: bytes) -> str | None:
    """Return the likely encoding of a text that is not UTF-8, None if the text does not decide on one."""
    texts = readings(data)
    if _is_surely_chinese(texts) or _WIDE_SIGNS.fullmatch(texts.get(CHINESE, "")):
        return CHINESE
    if CHINESE not in texts:
        # a few characters that are damaged count as rare ones
        damaged = _sample(data).decode(CHINESE, "replace").replace("\ufffd", "\ue000")
        if _is_evident({CHINESE: damaged}, CHINESE):
            return CHINESE
    if any(_is_evident(texts, encoding) for encoding in EAST_ASIAN):
        return _east_asian(texts)
    other = _latin(texts, data) or _alphabet(texts)
    if other in OTHERS and sum(not letter.isascii() for letter in texts[other]) < _FEW:
        # a word or two may be anything; Chinese in GB18030 is by far the most frequent
        other = None if common_share(texts.get(CHINESE, ""), CHINESE) >= 1 - _AHEAD else other
    return other or _east_asian(texts)


def is_surely_chinese(data: bytes) -> bool:
    """Return whether a text is Chinese in GB18030 beyond doubt."""
    return _is_surely_chinese(readings(data))


def readings(data: bytes) -> dict[str, str]:
    """Return the text in each encoding in which it has one: a sample of its different cells that are not plain."""
    sample = _sample(data)
    texts = {}
    for encoding in dict.fromkeys((*EAST_ASIAN, *LATIN, *OTHERS)):
        with suppress(UnicodeDecodeError):
            texts[encoding] = sample.decode(encoding)
    # whose every byte means something
    texts.setdefault(WESTERN, sample.decode("latin-1"))
    return texts


def _sample(data: bytes) -> bytes:
    first = re.search(rb"[\x80-\xff]", data)
    start = 0 if first is None else data.rfind(b"\n", 0, first.start()) + 1
    # no character has the bytes of these separators within
    cells = re.split(rb"[,;\t\r\n\"]+", data[start : start + _LOOK])
    foreign = [cell for cell in dict.fromkeys(cells) if not cell.isascii()]
    # the last one may be cut
    if len(foreign) > 1 and len(data) > _LOOK:
        foreign.pop()
    return b"".join(cell + b"\n" for cell in foreign[:_CELLS])


def _is_surely_chinese(texts: dict[str, str]) -> bool:
    """Return whether a text has several characters that are frequent in Chinese, and is not words of another script."""
    chinese = _frequent_share(texts, CHINESE)
    others = [_frequent_share(texts, encoding) for encoding in EAST_ASIAN if encoding != CHINESE]
    is_chinese = _is_evident(texts, CHINESE, 0.4, 3) and chinese >= 2 * max(others)
    return is_chinese and not _alphabet(texts)


def _is_evident(texts: dict[str, str], encoding: str, share: float = 0.5, least: int = 2) -> bool:
    """Return whether so much of a text in an East Asian encoding consists of different frequent characters."""
    found = set(texts.get(encoding, "")) & _FREQUENT[encoding]
    return len(found) >= least and _frequent_share(texts, encoding) >= share and not _is_torn(texts[encoding])


def _frequent_share(texts: dict[str, str], encoding: str) -> float:
    letters = [sign for sign in texts.get(encoding, "") if _is_letter(sign)]
    return sum(letter in _FREQUENT[encoding] for letter in letters) / max(len(letters), 1)


def _is_torn(text: str) -> bool:
    """Return whether many East Asian characters stand within Latin words, as Western letters do."""
    words = foreign_words(text)
    return sum(
        bool(re.search("[A-Za-z][^\x00-\u024f]{1,2}[a-z]|^[^\x00-\u024f][a-z]{3}", word)) for word in words
    ) > 0.3 * len(words)


def _latin(texts: dict[str, str], data: bytes) -> str | None:
    """Return the encoding in which a text has words in Latin letters, Windows' Western one where that is possible."""
    western = foreign_words(texts[WESTERN])
    has_plain_letters = sum(bool(re.search("[A-Za-z]", word)) for word in western) >= 0.5 * len(western)
    fits = {encoding: fit(foreign_words(texts[encoding]), encoding) for encoding in LATIN if encoding in texts}
    best = max(fits, key=lambda encoding: fits[encoding])
    alone = stand_alone(data)
    chinese = texts.get(CHINESE, "")
    is_chinese = common_share(chinese, CHINESE) >= _LIKELY and not _is_torn(chinese)
    if not alone and (is_chinese or not has_plain_letters or fits[best] < _READABLE):
        return None
    unread = (1 - fits[WESTERN]) * len(western)
    is_other = fits[best] >= max(_READABLE, fits[WESTERN] + _AHEAD) and (unread > 1.5 or not fits[WESTERN])
    return best if is_other else WESTERN


def stand_alone(*texts: bytes) -> bool:
    """Return whether most signs above ASCII are Western ones with a plain sign on both sides."""
    runs = [run for text in texts for run in re.findall(rb"[\x80-\xff]+", text)]
    return bool(runs) and sum(map(bool, map(_WESTERN_SIGN.fullmatch, runs))) >= _WESTERN_SHARE * len(runs)


def _alphabet(texts: dict[str, str]) -> str | None:
    """Return the encoding in which a text has words of another alphabet."""
    fits = {encoding: fit(foreign_words(texts[encoding]), encoding) for encoding in OTHERS if encoding in texts}
    best = max(fits, key=lambda encoding: fits[encoding], default="")
    return best if best and fits[best] >= _SURE else None


def _east_asian(texts: dict[str, str]) -> str | None:
    shares = {encoding: common_share(texts[encoding], encoding) for encoding in EAST_ASIAN if encoding in texts}
    if "euc_jp" in shares:
        if _kana_share(texts["euc_jp"]) > _FREQUENT_SHARE:
            return "euc_jp"
        japanese = _frequent_share(texts, "euc_jp")
        if japanese < max(_FREQUENT_SHARE, 2 * _frequent_share(texts, CHINESE)):
            del shares["euc_jp"]
    if "cp949" in shares:
        is_korean = _frequent_share(texts, "cp949") > _frequent_share(texts, CHINESE) + 0.2
        for other in (CHINESE, "euc_jp") if is_korean else ("cp949",):
            shares.pop(other, None)
    if "euc_jp" in shares:
        shares.pop(CHINESE, None)
    if _is_torn(texts.get(CHINESE, "")):
        shares.pop(CHINESE, None)
    if not shares:
        # what is damaged is in no encoding
        return None if CHINESE in texts else CHINESE
    best, second = [*sorted(shares, key=lambda encoding: shares[encoding], reverse=True), ""][:2]
    # Chinese in GB18030 is by far the most frequent
    if shares.get(CHINESE, 0.0) >= max(_LIKELY, shares[best] - _AHEAD):
        return CHINESE
    return best if shares[best] >= _SURE and shares[best] - shares.get(second, 0.0) >= _AHEAD else None


def _kana_share(text: str) -> float:
    """Return the share of kana that have others beside them, 0 to 1."""
    return sum(map(len, _KANA.findall(text))) / max(sum(not letter.isascii() for letter in text), 1)


def _is_letter(sign: str) -> bool:
    # what is for private use stands for a character that the encoding does not have
    return sign > "ɏ" and (sign.isalpha() or "\ue000" <= sign <= "\uf8ff")


def common_share(text: str, encoding: str) -> float:
    """Return the share of common ones among the different letters beyond ASCII, 0 to 1."""
    letters = set(filter(_is_letter, text))
    return sum(_is_common(letter, encoding) for letter in letters) / max(len(letters), 1)


@cache
def _is_common(letter: str, encoding: str) -> bool:
    if encoding == "cp949":
        return "가" <= letter <= "힣"
    if encoding in ("cp932", "euc_jp"):
        return "\u3041" <= letter <= "\u30fe" or _lead(letter, "cp932", 0x88, 0x97)
    return _lead(letter, "gb2312", 0xB0, 0xD7) or _lead(letter, "big5", 0xA4, 0xC6)


def _lead(letter: str, encoding: str, first: int, last: int) -> bool:
    """Return whether a character is among those that a standard put first because they are common."""
    data = letter.encode(encoding, "ignore")
    return len(data) == 2 and first <= data[0] <= last
