"""Every row of a text is read once and as it is: random files against a plain reader of Python's csv."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import random_texts

from cvmlab import CvmError
from cvmlab.data.reading import read
from cvmlab.data.reading.mappings import SavedMapping
from cvmlab.data.reading.opening.files import load_text, read_heads
from cvmlab.data.reading.opening.parts import choose_parts

FILES = 2_000


def chosen(made: random_texts.Made) -> dict[str, str]:
    heads = random_texts.HEADS.get(made.how.split()[2], random_texts.ENGLISH)
    roles = dict(zip(heads, ("customer_id", "date", "amount", ""), strict=True))
    found = {roles.get(name.replace(" ", ""), ""): name for name in made.names}
    return {role: name for role, name in found.items() if role}


def cells_of(path: Path, made: random_texts.Made, folder: Path, connection: duckdb.DuckDBPyConnection) -> list[object]:
    """Return the cells below the header, as the log is made of them."""
    (part,), _ = choose_parts(read_heads(path), chosen(made), path.name, SavedMapping())
    assert part.names[:4] == made.names
    table = load_text(part.head, part.header, folder)

    def scanned() -> list[object]:
        cells = ", ".join(f"coalesce(c{number}, '')" for number in range(4))
        rows = connection.execute(f"SELECT {cells} FROM {table.scan}").fetchall()
        if len(rows) != table.rows:
            raise duckdb.InvalidInputException
        return [list(row) for row in rows if any(row)]

    try:
        return scanned()
    except duckdb.InvalidInputException:
        assert table.plainer is not None
        table = table.plainer()
        return scanned()


def test_a_text_is_read_as_csv_reads_it(tmp_path: Path) -> None:
    path, folder = tmp_path / "a.csv", tmp_path / "temporary"
    folder.mkdir()
    refused = []
    with duckdb.connect(config={"threads": 1}) as connection:
        for seed in range(FILES):
            made = random_texts.make(seed)
            path.write_bytes(made.data)
            try:
                assert cells_of(path, made, folder, connection) == made.rows, made.how
            except CvmError as error:
                refused.append((made.how, str(error)))
            for file in folder.iterdir():
                file.unlink()
    assert len(refused) <= FILES // 100, refused


@pytest.mark.parametrize("seed", range(40))
def test_the_log_has_every_row_and_cent(tmp_path: Path, seed: int) -> None:
    made = random_texts.make(seed)
    path = tmp_path / "a.csv"
    path.write_bytes(made.data)
    columns = chosen(made)
    log = read(path, columns=columns)
    place = {role: made.names.index(name) for role, name in columns.items()}
    assert log.quality.rows("used") == log.quality.control_rows == len(made.rows)
    cents = sum(int(row[place["amount"]].replace(".", "")) for row in made.rows)
    assert log.quality.amount("used") * 100 == cents
    got = [(customer, str(date)) for customer, date in log.transactions.project("customer_id, date").fetchall()]
    assert got == [(row[place["customer_id"]], row[place["date"]]) for row in made.rows]
