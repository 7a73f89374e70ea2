"""Random text files as exports write them, and what a plain reader of Python's csv finds in them."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "gb18030", "big5", "cp1252")
SEPARATORS = (",", ";", "\t", "|")
ENDS = ("\n", "\r\n", "\r")
WORDS = ("cable", "", "", "tea", "19 inch", "rose")
ODD = (
    'say "hi"', '"', '""', "'", "two\u21b5lines", "\u21b5", "x\r\ny", "a\rb", "c\nd", "a,b", "a;b", "a|b", "a\tb",
    "a,b;c|d\te,f", " padded ", "end,\u21b5", ';"\u21b5",', "\x0b", "f\x0cf", "\x1c", "\u21b5\u21b5", 'in"ch',
)  # fmt: skip
FOREIGN = {
    "gb18030": ("茶叶", "上海公司", "红茶 500克", "产品说明书"),
    "big5": ("茶葉", "臺北公司", "紅茶 500克", "產品說明書"),
    "cp1252": ("Café", "Müller", "naïve", "Peña"),
}
HEADS = {
    "gb18030": ("客户", "日期", "金额", "备注"),
    "big5": ("客戶", "日期", "金額", "備註"),
}
ENGLISH = ("customer_id", "date", "amount", "note")


@dataclass(frozen=True)
class Made:
    """A file's bytes, how it was written, the names of its columns, and their cells as csv reads them."""

    data: bytes
    how: str
    names: tuple[str, ...]
    rows: list[list[str]]


def make(seed: int) -> Made:
    """Return the random file of a seed."""
    chance = random.Random(seed)
    encoding, separator, end = chance.choice(ENCODINGS), chance.choice(SEPARATORS), chance.choice(ENDS)
    ends = ENDS if chance.random() < 0.1 else (end,)
    style = chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC))
    foreign = FOREIGN.get(encoding, ("茶叶", "Müller", "\u2028", "\x85x"))
    words = [*WORDS, *chance.choice(((), ODD)), *foreign]
    trailing, broken = separator * (chance.random() < 0.15), chance.random() < 0.4
    blank, padded = chance.choice((0, 0, 0.1)), chance.choice((0, 0, 0.1))
    heads = HEADS.get(encoding, ENGLISH)
    order = chance.sample(range(4), 4)
    names = [f"{heads[place][:1]}{end}{heads[place][1:]}" if broken and place == 2 else heads[place] for place in order]
    text: list[str] = []

    def add(cells: list[str]) -> None:
        line = io.StringIO()
        csv.writer(line, delimiter=separator, quoting=style, lineterminator="\r\n").writerow(cells)
        text.append(line.getvalue()[:-2] + trailing + chance.choice(ends))

    if chance.random() < 0.3:
        add([f"Sales{end * broken} report", *[""] * chance.choice((0, 1, 3))])
        text.append(chance.choice(("", end)))
    add(names)
    for _ in range(chance.choice((1, 2, 5, 20, 40))):
        text.append(end * (chance.random() < blank) + (separator * 3 + end) * (chance.random() < padded))
        day = f"2023-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        cells = [f"K{chance.randint(1, 9)}", day, f"{chance.randint(1, 99999) / 100:.2f}"]
        cells.append(chance.choice(words).replace("\u21b5", end))
        add([cells[place] for place in order])
    whole = "".join(text)
    whole = whole.removesuffix(end) if chance.random() < 0.2 else whole
    how = f"seed {seed}: {encoding} {separator!r} {ends} quoting {style}"
    return Made(
        whole.encode(encoding), how, tuple(" ".join(name.split()) for name in names), _read(whole, names, separator)
    )


def _read(text: str, names: list[str], separator: str) -> list[list[str]]:
    """Return the cells below the header as csv reads them, without blank and padded rows."""
    rows = [row[:4] for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)]
    return rows[rows.index(names) + 1 :]
