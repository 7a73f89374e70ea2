"""Cells: the text of whole columns → ids, dates and amounts, on the table ``stage``."""
