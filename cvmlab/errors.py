"""What cvmlab says when it cannot go on: one sentence with the mistake and the next step.

The sentence stands in the vocabulary, in English and Chinese, and is put together when it is read,
so an error raised inside a Chinese report is read in Chinese.
"""

from __future__ import annotations

from .vocabulary import say


class CvmError(ValueError):
    """A mistake in the input or the options, told in the user's terms and language.

    Parameters
    ----------
    key
        Key of the sentence in the vocabulary, for example ``"reading.no_such_file"``.
    **values
        What the sentence names: file, column, row, value, what is accepted.

    Examples
    --------
    >>> raise CvmError("tables.missing_column", table="transactions", column="amount", columns="id, sum")
    Traceback (most recent call last):
    ...
    cvmlab.errors.CvmError: The table transactions has no column 'amount'. ...
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        return say(self.key, **self.values)

    def __reduce__(self) -> tuple[object, ...]:
        # Parallel reports send errors between processes; the values must travel along.
        return (_rebuild, (self.key, self.values))


def _rebuild(key: str, values: dict[str, object]) -> CvmError:
    return CvmError(key, **values)
