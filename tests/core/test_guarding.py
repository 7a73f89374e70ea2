"""What `public` does to a function: its annotations are kept by every call from outside."""

from __future__ import annotations

import datetime as dt
import enum
import inspect
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.typing import ArrayLike, NDArray

from cvmlab import speaking
from cvmlab.core.annotations import AnyFrame, FrameOrFile, FrameOrPath, OrNaN
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError


@public
def anything(
    number: float = 1.0, count: int = 1, text: str = "", on: bool = True, day: dt.date | str | None = None,
    first: Literal["now", "next"] = "now", names: Sequence[str] = (), shares: Mapping[str, float] | None = None,
    interval: tuple[float, float] = (0.0, 1.0), told: Callable[[int, str], None] | None = None, maybe: OrNaN = 0.0,
    anyhow: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """Return what arrived."""
    return dict(locals())


@public
def sums(frame: pd.DataFrame, figures: NDArray[np.float64] = np.zeros(1), level: ArrayLike = 0.0) -> Any:  # noqa: B008
    """Return what arrived."""
    return frame, figures, level


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ({"number": "2"}, "anything cannot use number='2': a finite number is needed"),
        ({"number": float("nan")}, "a finite number"),
        ({"number": 1e308}, "between −1e15 and 1e15"),
        ({"number": 10**400}, "a finite number"),
        ({"number": True}, "a finite number"),
        ({"number": [1.0]}, "a finite number"),
        ({"number": np.array([1.0, 2.0])}, "number=<ndarray 2>"),
        ({"count": 1.9}, "a whole number"),
        ({"count": 10**400}, "between"),
        ({"text": 1}, "a text"),
        ({"text": "\ud800"}, r"text='\ud800': a text without broken characters"),
        ({"on": 1}, "True or False"),
        ({"day": pd.NaT}, "a date without a time zone or a text is needed"),
        ({"day": pd.Timestamp("2024-01-01", tz="UTC")}, "a date without a time zone or a text"),
        ({"told": len}, "a function that takes 2 values is needed"),
        ({"told": "len"}, "a function is needed"),
        ({"first": "soon"}, "one of now, next"),
        ({"names": "abc"}, "a list"),
        ({"names": ["a", 1]}, "a text"),
        ({"shares": {1: 0.5}}, "a text"),
        ({"shares": 5}, "a dictionary"),
        ({"interval": (1.0,)}, "a list of 2 values"),
        ({"maybe": float("inf")}, "a finite number"),
    ],
)
def test_what_an_annotation_does_not_allow_is_refused_in_a_sentence(given: dict[str, Any], needed: str) -> None:
    with pytest.raises(CvmError) as caught:
        anything(**given)
    assert needed in str(caught.value)
    with speaking("zh"):
        assert "请更正后重试" in str(caught.value)


def test_what_it_allows_arrives_as_it_was_or_as_the_function_wants_it() -> None:
    assert anything(number=np.float32(2.5))["number"] == 2.5
    assert anything(count=np.uint8(200))["count"] + 100 == 300
    assert anything(day=dt.datetime(2024, 1, 1, 12))["day"] == dt.date(2024, 1, 1)
    assert np.isnan(anything(maybe=float("nan"))["maybe"])
    assert anything(names=("a", "b"))["names"] == ["a", "b"]


@pytest.mark.parametrize("convert", [pl.from_pandas, pa.Table.from_pandas, lambda frame: pl.from_pandas(frame).lazy()])
def test_frames_of_other_engines_become_pandas_frames(convert: Any) -> None:
    frame = pd.DataFrame({"customer_id": ["007"], "amount": [2.5]})
    found, _, _ = sums(convert(frame))
    assert isinstance(found, pd.DataFrame)
    assert found["amount"].tolist() == [2.5]
    assert found["customer_id"].tolist() == ["007"]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ([{"a": 1}], "a pandas, polars, DuckDB or pyarrow frame is needed"),
        (None, "frame is needed"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "it has 2 columns called 'a'"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "2 levels of names"),
        (pd.DataFrame({"a": [1.0, np.inf]}), "The column 'a' holds an infinite number in row 2"),
        (pd.DataFrame({"a": [-1e308]}), "column 'a' holds -1e+308 in row 1"),
    ],
)
def test_frames_that_cannot_be_used_are_refused_in_a_sentence(frame: Any, said: str) -> None:
    with pytest.raises(CvmError) as caught:
        sums(frame)
    assert said in str(caught.value)


@pytest.mark.parametrize("figures", [[1, 2], (1.0, 2.0), pl.Series([1.0, 2.0]), pd.Series([1, 2]), pa.array([1, 2])])
def test_whatever_holds_numbers_is_an_array(figures: Any) -> None:
    _, found, _ = sums(pd.DataFrame(), figures)
    assert found.dtype == np.float64
    assert found.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("figures", [[1.0, np.nan], [np.inf], [1e308], ["a"], [[1], [1, 2]], None, "12", 5.0, [True]])
def test_arrays_of_something_else_are_refused(figures: Any) -> None:
    with pytest.raises(CvmError):
        sums(pd.DataFrame(), figures)


def test_a_series_stays_one_where_any_array_will_do() -> None:
    level = pd.Series([1.0, 2.0], index=["a", "b"])
    assert sums(pd.DataFrame(), level=level)[2] is level


@public
def opened(path: str | Path = "", table: FrameOrPath = "", source: FrameOrFile = "") -> object:
    """Return what arrived."""
    return path or table or source


@pytest.mark.parametrize("path", ["a\0b", "a" * 5_000, "/".join(["abc"] * 3_000), Path("a\0b")])
@pytest.mark.parametrize("name", ["path", "table", "source"])
def test_a_path_that_no_file_can_have_is_refused_shortly(name: str, path: Any) -> None:
    with pytest.raises(CvmError, match=f"opened cannot use {name}='a.*: no file can have this path") as caught:
        opened(**{name: path})
    assert len(str(caught.value)) < 300
    assert "\0" not in str(caught.value)
    with speaking("zh"):
        assert str(caught.value).startswith(f"opened 的参数 {name} 不能是 'a")


def test_a_path_in_an_array_of_names_is_a_path() -> None:
    for given in ({"path": np.str_("a")}, {"table": np.str_("a")}, {"source": np.str_("a")}):
        assert Path(str(opened(**given))) == Path("a")
        assert type(opened(**given)) is str


def test_a_text_of_an_enumeration_is_its_text() -> None:
    class Place(str, enum.Enum):  # noqa: UP042 (its str() differs from its text)
        HERE = "a"

    assert opened(path=Place.HERE) == opened(source=Place.HERE) == "a"


def test_a_list_without_a_length_is_refused() -> None:
    for value in (np.array(5), np.ma.masked):
        with pytest.raises(CvmError, match="a list is needed"):
            anything(names=value)


def test_a_dictionary_of_dictionaries_holds_dictionaries() -> None:
    @public
    def nested(presets: Mapping[str, Mapping[str, Any]]) -> object:
        return presets

    assert nested({"a": {"b": 1}}) == {"a": {"b": 1}}
    with pytest.raises(CvmError, match="nested cannot use presets=1: a dictionary is needed"):
        nested({"a": 1})  # type: ignore[dict-item]


def test_what_the_system_refuses_is_said_with_what_to_check(tmp_path: Path) -> None:
    @public
    def writes(folder: Path) -> int:
        return (folder / "a").write_text("")

    with pytest.raises(CvmError, match=r"writes was stopped by the system: .*Check that the folder exists") as caught:
        writes(tmp_path / "missing")
    assert str(tmp_path / "missing" / "a") in str(caught.value)


def test_what_still_comes_raw_names_the_function_and_its_arguments() -> None:
    @public
    def fails(frame: AnyFrame, by: float) -> float:
        return float(frame["no such column"].sum() / by)

    with pytest.raises(CvmError) as caught:
        fails(pd.DataFrame({"a": [1]}), 2)
    assert caught.value.key == "guarding.failed"
    assert "frame=<DataFrame 1 × 1>, by=2" in str(caught.value)
    assert isinstance(caught.value.__cause__, KeyError)


def test_calls_from_inside_are_not_checked_again_and_calls_after_an_error_are() -> None:
    @public
    def inner(number: float) -> object:
        return number

    @public
    def outer(number: float) -> object:
        return inner("a text" if number else number)  # type: ignore[arg-type]

    assert outer(1.0) == "a text"
    with pytest.raises(CvmError):
        outer("1")  # type: ignore[arg-type]
    with pytest.raises(CvmError):
        inner("a text")  # type: ignore[arg-type]


def test_classes_check_what_they_are_made_of_and_their_public_methods() -> None:
    @public
    @dataclass(frozen=True)
    class Share:
        part: float

        def of(self, amount: float) -> float:
            return self.part * amount

        @classmethod
        def half(cls, scale: float = 1.0) -> Share:
            return cls(0.5 * scale)

    assert Share.half().of(10) == 5.0
    for call in (lambda: Share("half"), lambda: Share(0.5).of("ten"), lambda: Share.half(None)):
        with pytest.raises(CvmError):
            call()


def test_a_public_function_looks_as_it_was_written() -> None:
    assert list(inspect.signature(anything).parameters)[:2] == ["number", "count"]
    assert anything.__doc__ == "Return what arrived."
    assert pickle.loads(pickle.dumps(anything)) is anything


def test_a_wrong_number_of_arguments_stays_what_python_says() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        anything(nonsense=1)  # type: ignore[call-arg]
