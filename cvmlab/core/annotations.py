"""What an annotation demands of an argument: a check that returns it, converted where that loses nothing."""

from __future__ import annotations

import builtins
import datetime as dt
import errno
import inspect
import os
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import reduce
from typing import Annotated, Any, ForwardRef, Literal, TypeAlias, TypeVar, Union, get_args, get_origin

import numpy as np

from .arrays import checked_array, checked_entries, checked_frame, checked_series
from .refusing import Needed, brief, refusal
from .words import CvmError

#: Figures beyond this are no money and no count, and their sums and squares lose themselves.
LARGEST = 1e15
#: A frame of any engine.
AnyFrame: TypeAlias = Annotated[Any, "frame"]
#: Whatever can be read: a path, or a frame that the reader looks at itself.
FrameOrFile: TypeAlias = Annotated[Any, "source"]
#: A frame, or the path of a Parquet file.
FrameOrPath: TypeAlias = Annotated[Any, "frame or path"]
#: A pandas series, whose index says whose each entry is, or an array of objects, whose entries go by their place.
Entries: TypeAlias = Annotated[Any, "entries"]
#: A number that is NaN where there is none.
OrNaN: TypeAlias = Annotated[float, "or NaN"]

# Takes an argument and returns it as the function wants it, or raises `CvmError` with ``needed``.
Check = Callable[[Any], Any]


def check_of(name: str, annotation: Any, function: Callable[..., Any]) -> Check | None:
    """Return the check that a parameter's annotation stands for; None where anything goes."""
    if name == "seed" and annotation == "int":
        return _seed
    if isinstance(annotation, str):
        annotation = eval(annotation, {}, _Names(function))
    return _check(annotation)


class _Named:
    """A name that is known to type checkers only, such as a class of a library that is not imported here."""

    def __init__(self, name: str, args: tuple[Any, ...] = ()) -> None:
        self.name, self.args = name, args

    def __getattr__(self, name: str) -> _Named:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Named(name)

    def __getitem__(self, args: Any) -> _Named:
        return _Named(self.name, args if isinstance(args, tuple) else (args,))

    def __or__(self, other: Any) -> _Named:
        return _Named("Union", (self, other))

    def __ror__(self, other: Any) -> _Named:
        return _Named("Union", (other, self))

    def __call__(self) -> None:
        """Be callable, as the arguments of some annotations must."""


class _Names(dict[str, Any]):
    """The names in a function's annotations: those of its module, the others as `_Named`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__({name: _Named(name) for name in ("pd", "np", "NDArray", "ArrayLike", "Axes", "Callable")})
        self.globals = getattr(function, "__globals__", {})

    def __missing__(self, name: str) -> Any:
        found = self.globals.get(name, getattr(builtins, name, None))
        return _Named(name) if found is None and name != "None" else found


def _check(annotation: Any) -> Check | None:
    if isinstance(annotation, (str, ForwardRef)):
        # a name inside an alias, known to type checkers only
        return None
    if isinstance(annotation, TypeVar):
        return _check(_Named("ArrayLike")) if annotation.__constraints__ else None
    if annotation in (None, types.NoneType):
        return _none
    origin, args = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, _Named):
        origin, args = annotation.name, annotation.args
    if origin is Annotated:
        return _MARKED[args[1]]
    if origin in (Union, types.UnionType, "Union"):
        checks = [_check(each) for each in args]
        return _any_of([_path if check is _text and _path in checks else check for check in checks])
    if origin is Literal:
        return _choice(args)
    if origin is np.ndarray:
        return _array(get_args(args[1])[0].__name__)
    return _plain(annotation, origin, args)


def _plain(annotation: Any, origin: Any, args: tuple[Any, ...]) -> Check | None:
    name = origin if isinstance(origin, str) else getattr(origin or annotation, "__name__", "")
    if name in ("Any", "object", "_empty"):
        return None
    if name == "NDArray":
        return _array(getattr(args[0], "name", None) or args[0].__name__)
    if name == "Callable":
        return _called(args)
    if name in _SIMPLE:
        return _SIMPLE[name]
    if name in ("Sequence", "list", "frozenset", "set", "Iterable", "tuple"):
        return _several(name, args)
    if name in ("Mapping", "dict"):
        return _mapping(args)
    return _instance(name)


# --- the checks ------------------------------------------------------------------------------------


def _none(value: Any) -> None:
    if value is not None:
        raise refusal(value, "none")


def _number(value: Any) -> Any:
    if _is_number(value) and -LARGEST <= value <= LARGEST:
        return value
    raise refusal(value, "number" if not _is_number(value) or not np.isfinite(value) else "smaller_number")


def _number_or_nan(value: Any) -> Any:
    return value if _is_number(value) and value != value else _number(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, (bool, np.bool_)):
        return False
    if isinstance(value, int):
        # as a float it may be too large to be one
        return abs(value) < 1 << 1000
    return isinstance(value, (float, np.integer, np.floating)) or (
        isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iuf"
    )


def _seed(value: Any) -> int:
    seed = _whole(value)
    if seed < 0:
        raise refusal(value, "seed")
    return seed


def _whole(value: Any) -> int:
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        # a seed may be any of 64 bits
        if -(1 << 63) <= value < 1 << 64:
            return int(value)
        raise refusal(value, "smaller_number")
    raise refusal(value, "whole")


def _switch(value: Any) -> bool:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise refusal(value, "switch")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise refusal(value, "text")
    if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
        raise refusal(value, "readable_text")
    return _plain_text(value)


def _plain_text(text: str) -> str:
    # numpy has a class of its own, which paths do not take; an enumeration says another text by str()
    return str.__str__(text)


def _date(value: Any) -> dt.date:
    # a missing date of pandas is a date by class
    if isinstance(value, dt.date) and value == value and getattr(value, "tzinfo", None) is None:
        return value.date() if isinstance(value, dt.datetime) else value
    raise refusal(value, "date")


def _path(value: Any) -> Any:
    if isinstance(value, (str, os.PathLike)):
        return _possible(_text(value) if isinstance(value, str) else value)
    raise refusal(value, "path")


def _possible(path: Any) -> Any:
    """Return a path, unless the system cannot even look for it."""
    try:
        os.lstat(path)
    except ValueError:
        pass
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            return path
    else:
        return path
    raise CvmError("guarding.impossible_path", function="", name="", path=brief(os.fspath(path)))


def _called(args: tuple[Any, ...]) -> Check:
    taken = args[0] if args and isinstance(args[0], list) else None

    def check(value: Any) -> Any:
        if not callable(value):
            raise refusal(value, "function")
        if taken is not None and not takes(value, len(taken)):
            raise refusal(value, "function_of" if taken else "function_of_none", count=len(taken))
        return value

    return check


def takes(function: Any, count: int) -> bool:
    """Return whether a function can be called with so many values; those that tell no signature are believed."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    raise refusal(value, "bytes")


def _any_frame(value: Any) -> Any:
    return checked_frame(value, LARGEST, convert=False)


def _frame_or_path(value: Any) -> Any:
    return _path(value) if isinstance(value, (str, os.PathLike)) else _any_frame(value)


def _source(value: Any) -> Any:
    if isinstance(value, str):
        value = _plain_text(value)
    return _possible(value) if isinstance(value, (str, os.PathLike)) else value


def _frame(value: Any) -> Any:
    return checked_frame(value, LARGEST, convert=True)


def _any_array(value: Any) -> Any:
    return (
        _number(value) if np.isscalar(value) or value is None else checked_array(value, "float64", LARGEST, keep=True)
    )


def _array(kind: str) -> Check:
    return lambda value: checked_array(value, kind, LARGEST)


def _choice(choices: tuple[Any, ...]) -> Check:
    def check(value: Any) -> Any:
        if isinstance(value, (str, int)) and value in choices:
            return value
        raise refusal(value, "choice", choices=", ".join(map(str, choices)))

    return check


def _instance(name: str) -> Check:
    def check(value: Any) -> Any:
        # by name: the class may live in a library that is not imported
        if any(kind.__name__ == name for kind in type(value).__mro__):
            return value
        raise refusal(value, "kind", kind=name)

    return check


def _any_of(checks: Sequence[Check | None]) -> Check | None:
    known = [check for check in checks if check is not None]
    if len(known) < len(checks):
        return None

    def check(value: Any) -> Any:
        refused: list[CvmError] = []
        if value is None and _none in known:
            return None
        for each in known:
            if each is _none:
                continue
            try:
                return each(value)
            except CvmError as error:
                refused.append(error)
        # one that looked inside says more than that it is something else altogether
        deeper = [each for each in refused if each.key != "guarding.needs" or each.values["value"] != brief(value)]
        raise deeper[0] if deeper else _either(value, refused)

    return check


def _either(value: Any, refused: Sequence[CvmError]) -> CvmError:
    """Return the error that names all that an argument may be."""
    needed = list(dict.fromkeys(error.values["needed"] for error in refused))
    either = reduce(lambda first, other: Needed("either", (("first", first), ("other", other))), needed)
    return CvmError("guarding.needs", **{**refused[0].values, "needed": either})


def _several(name: str, args: tuple[Any, ...]) -> Check:
    fixed = name == "tuple" and args and args[-1] is not Ellipsis
    checks = [_check(each) for each in args if each is not Ellipsis]

    def check(value: Any) -> Any:
        is_list = isinstance(value, Collection) and not isinstance(value, (str, bytes, Mapping))
        # numpy has arrays without a length, and the length of a frame is not the number of what it yields
        if not is_list or getattr(value, "shape", None) == () or hasattr(value, "columns"):
            raise refusal(value, "list")
        if fixed and len(value) != len(checks):
            raise refusal(value, "list_of", count=len(checks))
        if not checks:
            return value
        each = checks if fixed else checks * len(value)
        found = [one if test is None else test(one) for one, test in zip(value, each, strict=True)]
        return {"tuple": tuple, "frozenset": frozenset, "set": set}.get(name, list)(found)

    return check


def _is_looked_at(kind: Any) -> bool:
    return kind is str or get_origin(kind) is Mapping or getattr(kind, "__module__", "").startswith("cvmlab.")


def _mapping(args: tuple[Any, ...]) -> Check:
    # figures stay with the function, which says which of them is wrong
    checks = [_check(each) if _is_looked_at(each) else None for each in args]

    def check(value: Any) -> Any:
        # a series is one, too
        if not isinstance(value, Mapping) and not (hasattr(value, "items") and getattr(value, "ndim", 0) == 1):
            raise refusal(value, "mapping")
        for pair in value.items() if any(checks) else ():
            for one, test in zip(pair, checks, strict=True):
                if test is not None:
                    test(one)
        return value

    return check


_SIMPLE: dict[str, Check] = {
    "float": _number,
    "int": _whole,
    "bool": _switch,
    "str": _text,
    "bytes": _bytes,
    "date": _date,
    "Path": _path,
    "DataFrame": _frame,
    "Series": checked_series,
    "ArrayLike": _any_array,
}
_MARKED: dict[str, Check] = {
    "frame": _any_frame,
    "frame or path": _frame_or_path,
    "source": _source,
    "entries": checked_entries,
    "or NaN": _number_or_nan,
}
