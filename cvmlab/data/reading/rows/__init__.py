"""Rows: what each one is and whether it counts, on the table ``log``; all of them added up in the report."""
