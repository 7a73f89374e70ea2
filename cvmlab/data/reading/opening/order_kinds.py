"""A column called Order or Commande that says what was ordered, or how, and not the number of the order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from cvmlab.data import tables

from ..notes import Note, counted
from ..roles import option
from .heads import Part

#: So many rows tell; the share of them whose cell has no digit, and whose cell several customers have.
_ROWS, _WORDS, _SHARED = 10, 0.5, 0.5
_NAMED = 4


def without_order_kinds(part: Part) -> Part:
    """Return a part without its number of orders where that holds words that several customers share."""
    mapping = part.mapping
    if tables.ORDER_ID not in mapping or tables.ORDER_ID in mapping.chosen:
        return part
    body = part.head.rows[0 if part.header is None else part.header + 1 :]
    order, who = (part.names.index(mapping[role]) for role in (tables.ORDER_ID, tables.CUSTOMER_ID))
    pairs = [
        (cell, customer)
        for row in body
        if (cell := "".join(row[order : order + 1]).strip()) and (customer := "".join(row[who : who + 1]).strip())
    ]
    customers = Counter(cell for cell, _ in set(pairs))
    words = sum(not any(sign.isdigit() for sign in cell) for cell, _ in pairs)
    shared = sum(customers[cell] > 1 for cell, _ in pairs)
    if len(pairs) < _ROWS or words < _WORDS * len(pairs) or shared < _SHARED * len(pairs):
        return part
    seen = Counter(cell for cell, _ in pairs)
    said = {
        "source": part.head.name,
        "column": mapping[tables.ORDER_ID],
        "words": counted(dict(seen.most_common()), _NAMED),
    }
    said |= {"role": tables.ORDER_ID, "option": option(tables.ORDER_ID)}
    columns = {role: name for role, name in mapping.columns.items() if role != tables.ORDER_ID}
    notes = (*mapping.notes, Note("order_kinds", said, "warning"))
    return replace(part, mapping=replace(mapping, columns=columns, notes=notes))
