"""Opening: files of all kinds, or a frame → their heads, the parts of one log, and raw rows that DuckDB can scan."""
