"""Cards for a reader without a kernel: the questions, and the points folded away."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from cvmlab.core.words import term

from .attempts import Attempt
from .questions import Question, head_of, marks_text


def cards_html(cards: Iterable[Attempt]) -> str:
    """Return cards below each other, with what a student has written and ticked."""
    return "\n".join(_card_html(card) for card in cards)


def about(question: Question) -> str:
    """Return kind, marks and source of a question in one line."""
    return " · ".join([term(f"exam.kind_{question.kind}"), marks_text(question.full_marks()), question.origin()])


def heads_of(question: Question) -> tuple[str, str]:
    """Return what stands above the points and above the model answer."""
    is_letter = question.kind == "letter"
    return (
        term("exam.checklist_head" if is_letter else "exam.points_head"),
        term("exam.model_letter" if is_letter else "exam.model"),
    )


def _card_html(card: Attempt) -> str:
    question = card.question
    points, model = heads_of(question)
    parts = [f"<p><strong>{escape(question.text())}</strong><br><small>{escape(about(question))}</small></p>"]
    if card.state.written:
        parts.append(_written(card))
    if card.state.opened:
        parts.append(f"<p>{escape(card.marks_so_far())}</p>")
    inside = _table(question, question.points()) if question.is_table else _list(card)
    if question.model():
        inside += f"<p><em>{escape(model)}</em><br>{escape(question.model())}</p>"
    parts.append(f"<details><summary>{escape(points)}</summary>{inside}</details>")
    return "".join(parts)


def _written(card: Attempt) -> str:
    if card.question.is_table:
        cells = card.question.cells()
        return _table(card.question, [card.state.written.get(cell, "") for cell in cells])
    lines = escape(card.state.written[""]).replace("\n", "<br>")
    return f"<blockquote>{lines}</blockquote>"


def _list(card: Attempt) -> str:
    marks = ["✓ " if number in card.state.ticked else "" for number in range(1, len(card.question.points()) + 1)]
    items = zip(marks, card.question.points(), strict=True)
    return "<ol>" + "".join(f"<li>{mark}{escape(point)}</li>" for mark, point in items) + "</ol>"


def _table(question: Question, texts: list[str]) -> str:
    head = "".join(f"<th>{escape(head_of(column))}</th>" for column in question.columns())
    cells, rows = iter(texts), []
    for variable in question.rows():
        row = "".join(f"<td>{escape(next(cells))}</td>" for _ in question.columns())
        rows.append(f"<tr><th>{escape(term(variable))}</th>{row}</tr>")
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
