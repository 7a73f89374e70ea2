"""The one way in: `public` reads a function's annotations and checks every argument against them.

Nothing is repeated in the functions: a ``float`` is a finite number, an ``int`` a whole one, a ``pd.DataFrame`` any
frame that can become one, an ``NDArray`` or ``ArrayLike`` holds finite numbers, a ``Literal`` one of its choices.
Bounds and columns stay with the function. Calls from inside a public function are not checked again.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from .annotations import Check, check_of
from .refusing import brief
from .words import CvmError

Public = TypeVar("Public", bound=Callable[..., Any])

_state = threading.local()


def public(thing: Public) -> Public:
    """Check every argument of a public function, or of the constructor and the public methods of a public class.

    What still comes raw from a library is raised as a `CvmError` that names the function and its arguments.

    Examples
    --------
    >>> @public
    ... def doubled(amount: float) -> float:
    ...     return 2 * amount
    >>> doubled(2.5)
    5.0
    >>> doubled("a lot")
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: doubled cannot use amount='a lot': a finite number is needed. Correct it and try again.
    """
    return cast("Public", _class(thing) if isinstance(thing, type) else _function(thing))


def _class(kind: type) -> type:
    # such a class checks its fields itself, against bounds that an annotation does not know
    checks_itself = hasattr(kind, "__post_init__")
    for name, member in list(vars(kind).items()):
        if name in getattr(kind, "__dataclass_fields__", {}) or (
            name.startswith("_") and (name != "__init__" or checks_itself)
        ):
            continue
        if isinstance(member, (classmethod, staticmethod)):
            setattr(kind, name, type(member)(_function(member.__func__)))
        elif inspect.isfunction(member):
            setattr(kind, name, _function(member, kind.__name__ if name == "__init__" else ""))
    return kind


def _function(function: Callable[..., Any], called: str = "") -> Callable[..., Any]:
    guard: list[_Guard] = []

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        if getattr(_state, "inside", False):
            return function(*args, **options)
        if not guard:
            guard.append(_Guard(function, called))
        given = guard[0].checked(args, options)
        _state.inside = True
        try:
            return function(*given.args, **given.kwargs)
        except (CvmError, Warning):
            raise
        except Exception as error:
            raise guard[0].failed(given, error) from error
        finally:
            _state.inside = False

    return call


@contextmanager
def described(kind: type) -> Iterator[None]:
    """Make an object of plain data, such as JSON holds: its constructor checks the values, and one sentence is said."""
    inside, _state.inside = getattr(_state, "inside", False), False
    try:
        yield
    except (CvmError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise CvmError("guarding.not_described", kind=kind.__name__) from error
    finally:
        _state.inside = inside


class _Guard:
    """What a function's annotations demand, read when it is first called."""

    def __init__(self, function: Callable[..., Any], called: str) -> None:
        self.function = function
        self.called = called or function.__qualname__
        self.signature = inspect.signature(function)
        self.checks: dict[str, Check] = {}
        for name, parameter in self.signature.parameters.items():
            check = check_of(name, parameter.annotation, function)
            if check is not None:
                self.checks[name] = check

    def checked(self, args: tuple[Any, ...], options: dict[str, Any]) -> inspect.BoundArguments:
        given = self.signature.bind(*args, **options)
        for name, value in given.arguments.items():
            check = self.checks.get(name)
            parameter = self.signature.parameters[name]
            if check is None or value is parameter.default:
                continue
            if parameter.kind is parameter.VAR_POSITIONAL:
                given.arguments[name] = tuple(self._one(name, each, check) for each in value)
            elif parameter.kind is parameter.VAR_KEYWORD:
                given.arguments[name] = {key: self._one(key, each, check) for key, each in value.items()}
            else:
                given.arguments[name] = self._one(name, value, check)
        return given

    def _one(self, name: str, value: Any, check: Check) -> Any:
        try:
            return check(value)
        except CvmError as error:
            # what is needed, as a frame or a kind of value says it; which argument of which function is known here
            error.values.update(function=self.called, name=name)
            raise

    def failed(self, given: inspect.BoundArguments, error: Exception) -> CvmError:
        shown = ", ".join(f"{name}={brief(value)}" for name, value in given.arguments.items() if name != "self")
        if isinstance(error, UnicodeError):
            return CvmError("guarding.broken_text", function=self.called, arguments=shown)
        if isinstance(error, OSError):
            said = f"{error.strerror or error} {error.filename or ''}".strip()
            return CvmError("guarding.system", function=self.called, why=said)
        said = f"{type(error).__name__}: {brief(str(error), 200)[1:-1]}"
        return CvmError("guarding.failed", function=self.called, arguments=shown, error=said)
