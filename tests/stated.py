"""What the answer keys state: the right number of a question, and what its likely mistakes give."""

from __future__ import annotations

from cvmlab.core.words import read_table

ANSWERS = {row["question"]: float(row["answer"]) for row in read_table("answers/single") if row["tolerance"]}
LIKELY = {(row["question"], row["mistake"]): float(row["answer"]) for row in read_table("answers/likely")}
