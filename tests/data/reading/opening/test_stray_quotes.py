"""Quotation marks put in or taken out at random: no other row is lost, none is counted twice."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb

from cvmlab.data.reading import read
from cvmlab.data.reading.mappings import SavedMapping
from cvmlab.data.reading.opening.files import load_text, read_heads
from cvmlab.data.reading.opening.parts import choose_parts

FILES = 500
HEADER = ("customer_id", "product", "date", "amount")


def damaged(chance: random.Random) -> tuple[str, int, set[tuple[str, ...]]]:
    """Return a text, how many rows it has, and the rows that are as they were."""
    separator, end, quoted = chance.choice(",;\t|"), chance.choice(("\n", "\r\n", "\r")), chance.random() < 0.4
    mark = '"' * quoted
    products = ("tea", "19 inch", "", f"a big{separator * quoted} red thing")
    rows = [
        (f"c{number % 9}", chance.choice(products), f"2024-01-{1 + number % 28:02}", f"{number + 1}.50")
        for number in range(chance.choice((8, 30, 200)))
    ]
    lines = [separator.join(f"{mark}{cell}{mark}" for cell in row) for row in rows]
    touched = {chance.randrange(len(rows)) for _ in range(chance.choice((1, 1, 2)))}
    for number in touched:
        line = lines[number]
        marks = [place for place, sign in enumerate(line) if sign == '"']
        starts = [0, *(place + 1 for place, sign in enumerate(line) if sign == separator)]
        if marks and chance.random() < 0.4:
            at = chance.choice(marks)
            lines[number] = line[:at] + line[at + 1 :]
        else:
            at = chance.choice((chance.randrange(len(line) + 1), chance.choice(starts)))
            lines[number] = f'{line[:at]}"{line[at:]}'
    whole = {(row[0], row[2], row[3]) for number, row in enumerate(rows) if number not in touched}
    return end.join([separator.join(HEADER), *lines, ""]), len(rows), whole


def test_a_stray_quotation_mark_costs_no_other_row(tmp_path: Path) -> None:
    path, folder = tmp_path / "a.csv", tmp_path / "temporary"
    folder.mkdir()
    with duckdb.connect(config={"threads": 1}) as connection:
        for seed in range(FILES):
            text, count, whole = damaged(random.Random(seed))
            path.write_bytes(text.encode())
            (part,), _ = choose_parts(read_heads(path), {}, path.name, SavedMapping())
            table = load_text(part.head, part.header, folder)
            if table.plainer is not None:
                table = table.plainer()
            rows = connection.execute(f"SELECT c0, c2, c3 FROM {table.scan}").fetchall()
            assert len(rows) == count, seed
            assert whole <= set(rows), seed
            for file in folder.iterdir():
                file.unlink()


def test_lines_with_too_many_cells_are_named_with_the_next_step(tmp_path: Path) -> None:
    text = "customer,date,amount\nA,2024-01-05,20\nB,2024-02-05,1,200.00\nC,2024-03-05,2,500.00\n"
    (tmp_path / "a.csv").write_text(text)
    (said,) = [note for note in read(tmp_path / "a.csv").quality.notes if note.key == "wide_lines"]
    assert said.level == "warning" and "2 lines (the first is line 3)" in str(said)
