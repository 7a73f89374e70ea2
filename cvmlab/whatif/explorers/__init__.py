"""Finished what-ifs, one module a subject."""
