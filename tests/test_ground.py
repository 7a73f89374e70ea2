"""The ground: pins, light import, what is packed, what no file may hold, what the guides promise."""

import importlib.util
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import cvmlab
from cvmlab.core import words

ROOT = Path(__file__).resolve().parent.parent
HEAVY = (
    "pandas", "matplotlib", "seaborn", "scipy", "numba", "ipywidgets", "duckdb", "sklearn", "polars",
    "pyarrow",
)  # fmt: skip
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _pin_module():
    spec = importlib.util.spec_from_file_location("pin", ROOT / "tools" / "pin.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pin = _pin_module()


# --- pins ---------------------------------------------------------------------------------------------------


def _pins() -> dict[str, list[Requirement]]:
    pins: dict[str, list[Requirement]] = {}
    for line in PROJECT["tool"]["uv"]["constraint-dependencies"]:
        requirement = Requirement(line)
        pins.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return pins


def test_pyproject_and_constraints_hold_the_same_pins():
    assert pin.differences() == []


def test_a_pin_in_one_place_only_is_found(monkeypatch, tmp_path):
    apart = tmp_path / "constraints.txt"
    apart.write_text(pin.CONSTRAINTS.read_text(encoding="utf-8") + "stray==1.0\n", encoding="utf-8")
    monkeypatch.setattr(pin, "CONSTRAINTS", apart)
    assert pin.differences() == ["stray==1.0"]


@pytest.mark.parametrize("wanted", pin.requirements(PROJECT))
def test_what_the_project_asks_for_is_pinned_within_its_range(wanted):
    requirement = Requirement(wanted)
    for choice in _pins()[canonicalize_name(requirement.name)]:
        (exact,) = choice.specifier
        assert exact.operator == "=="
        assert requirement.specifier.contains(exact.version, prereleases=True)


@pytest.mark.parametrize("python", ["3.11.9", "3.12.9", "3.13.2"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_no_python_and_no_system_gets_two_pins_of_a_package(python, system):
    place = {
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "sys_platform": system,
        "os_name": "nt" if system == "win32" else "posix",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    for name, choices in _pins().items():
        in_force = [choice for choice in choices if choice.marker is None or choice.marker.evaluate(place)]
        assert len(in_force) <= 1, f"{name} on {system} with Python {python}: {in_force}"


def test_conda_takes_the_pins_and_a_python_that_the_project_allows():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python = next(line for line in environment["dependencies"] if str(line).startswith("python="))
    allowed = SpecifierSet(PROJECT["project"]["requires-python"])
    assert allowed.contains(python.removeprefix("python="))
    assert {"pip": ["-c constraints.txt", "-e .[pdf,zh]"]} in environment["dependencies"]


def test_uv_pip_and_conda_users_get_the_same_extra_for_the_tests():
    extra = PROJECT["project"]["optional-dependencies"]["dev"]
    assert PROJECT["dependency-groups"]["dev"] == ["cvmlab[dev]"]
    assert "cvmlab[pdf,zh]" in extra
    assert any(line.startswith("pytest>") for line in extra)


def test_version_stands_in_both_places():
    assert cvmlab.__version__ == PROJECT["project"]["version"]


# --- light import -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "import cvmlab; cvmlab.use('en'); cvmlab.term('whale_curve')",
        "import cvmlab; cvmlab.scenario.Scenario, cvmlab.tables.CUSTOMER_ID",
        "import cvmlab; cvmlab.course.copy_course; cvmlab.datasets.names()",
        "import cvmlab.cli",
    ],
)
def test_import_is_light(statement):
    program = f"import sys; {statement}; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_every_module_that_the_package_offers_exists():
    for name in cvmlab.__all__:
        assert getattr(cvmlab, name) is not None
    assert set(cvmlab.__all__) <= set(dir(cvmlab))


def test_words_load():
    assert len(words.keys()) == len(set(words.keys())) > 100


# --- what no file may hold ----------------------------------------------------------------------------------

SKIPPED = {"build", "dist", "reports", "cvmlab-course", "uv.lock"}
TEXT = {".py", ".md", ".toml", ".txt", ".yml", ".cfg", ".csv", ".ipynb", ".css", ".j2", ".json", ".html", ""}
FORBIDDEN = {
    "a folder of somebody's machine": re.compile(
        r"(?<![\w.+/-])/(?:root|work|home|Users)/\w|[A-Za-z]:\\+Users\\+\w"
    ),
    "the address of a registry": re.compile(
        r"(?:https?|file)://[^\s\"')>]*(?:/simple\b|pypi|pythonhosted|artifactory|nexus|devpi)"
        r"|^\s*(?:--(?:extra-)?index-url|--find-links|-i\s|-f\s|index-url|extra-index-url)",
        re.M,
    ),
}  # fmt: skip


def _project_files() -> list[Path]:
    found = []
    for top in ROOT.iterdir():
        if top.name in SKIPPED or (top.name.startswith(".") and top.name not in {".ci", ".gitignore"}):
            continue
        found += [top] if top.is_file() else [file for file in top.rglob("*") if file.is_file()]
    return [file for file in found if file.suffix in TEXT and "__pycache__" not in file.parts]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what):
    files = _project_files()
    assert len(files) > 40
    held = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in files
        for match in FORBIDDEN[what].finditer(file.read_text(encoding="utf-8"))
    ]
    assert held == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a folder of somebody's machine", "open('/" "home/mary/x')"),
        ("a folder of somebody's machine", "C:" r"\Users\mary"),
        ("the address of a registry", "url = https:" "//pypi.example.org/simple"),
        ("the address of a registry", "--index-url somewhere"),
    ],
)  # fmt: skip
def test_the_check_for_it_can_fail(what, text):
    assert FORBIDDEN[what].search(text)


# --- the sdist and the wheel --------------------------------------------------------------------------------

STRAY = (
    "shop.csv", "销售明细.xlsx", "notes.md", ".venv-uv/lib/shop.py", "mine/shop.csv", "reports/shop/report.html",
    "cvmlab-course/notebooks/00_start_here.ipynb", "notebooks/Untitled.ipynb", "notebooks/shop.csv",
    "notebooks/zh/Untitled.ipynb", "datasets/shop.csv", "exercises/Untitled.ipynb", "exercises/instructor/01_a.ipynb",
)  # fmt: skip
NOT_PACKED = {"exercises/.gitkeep"}


def _build(kind: str, project: Path, folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)],
        cwd=project,
        check=True,
        capture_output=True,
    )
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def littered(tmp_path_factory) -> Path:
    """A copy of the project with files of a user in it."""
    project = tmp_path_factory.mktemp("clone") / "cvmlab"
    hidden = shutil.ignore_patterns(".git", ".venv*", ".*cache*", "__pycache__", ".hypothesis", ".benchmarks", "_build")
    shutil.copytree(ROOT, project, ignore=lambda folder, names: {*hidden(folder, names), *SKIPPED & {*names}})
    for name in STRAY:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("{}", encoding="utf-8")
    return project


def test_the_sdist_holds_the_project_and_no_file_of_a_user(littered, tmp_path):
    with tarfile.open(_build("sdist", littered, tmp_path)) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    tracked = listed.stdout.splitlines()
    wanted = {name for name in tracked if (littered / name).is_file() and not name.startswith(".ci/")} - NOT_PACKED
    assert wanted - names == set()
    assert {"cvmlab/py.typed", "cvmlab/__init__.pyi", "cvmlab/words/terms.csv", "tests/test_ground.py"} <= names
    assert names & set(STRAY) == set()


def test_a_wheel_built_among_files_of_a_user_holds_none_of_them(littered, tmp_path):
    names = set(zipfile.ZipFile(_build("wheel", littered, tmp_path)).namelist())
    assert "cvmlab/_course/notebooks/00_start_here.ipynb" in names
    assert {name.removeprefix("cvmlab/_course/") for name in names} & set(STRAY) == set()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built without network."""
    return _build("wheel", ROOT, tmp_path_factory.mktemp("dist"))


def test_the_wheel_holds_the_course_and_no_solutions(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for part in ("notebooks", "exercises", "datasets"):
        there = {
            file.relative_to(ROOT).as_posix()
            for file in (ROOT / part).rglob("*")
            if file.suffix in {".ipynb", ".parquet", ".md"}
            and "instructor" not in file.parts
            and ".ipynb_checkpoints" not in file.parts
        }
        assert there
        assert there <= {name.removeprefix("cvmlab/_course/") for name in names}
    assert not [name for name in names if "instructor" in name or "_course/datasets/make_" in name]
    package = {file.relative_to(ROOT).as_posix() for file in (ROOT / "cvmlab").rglob("*") if file.is_file()}
    assert {name for name in package if "__pycache__" not in name} <= set(names)
    assert {"cvmlab/py.typed", "cvmlab/__init__.pyi", "cvmlab/rules/strategies.csv"} <= set(names)
    assert {name.partition("/")[0] for name in names} == {"cvmlab", f"cvmlab-{cvmlab.__version__}.dist-info"}


def test_the_wheel_carries_ranges_not_pins(wheel):
    with zipfile.ZipFile(wheel) as opened:
        name = next(name for name in opened.namelist() if name.endswith(".dist-info/METADATA"))
        lines = opened.read(name).decode().splitlines()
    required = [line for line in lines if line.startswith("Requires-Dist:")]
    assert any("pandas>=" in line for line in required)
    assert not [line for line in required if "==" in line.partition(";")[0]]


def test_an_installed_wheel_finds_and_copies_its_own_course(wheel, tmp_path):
    installed, target = tmp_path / "site", tmp_path / "张 三"
    zipfile.ZipFile(wheel).extractall(installed)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from cvmlab import course, datasets; "
        "from cvmlab.core.paths import course_folder; "
        "copy = course.copy_course(sys.argv[2]); "
        "print(course_folder().name, len(datasets.load('grocery')), "
        "'datasets/grocery.parquet' in copy.written)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(installed), str(target)],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["_course", "391326", "True"]
    assert (target / "exercises").is_dir()


# --- what the README promises -------------------------------------------------------------------------------

GUIDES = ("README.md", "README.zh.md", "CONTRIBUTING.md")


def _commands(guide: str) -> list[str]:
    text = (ROOT / guide).read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, re.S)
    return [line.partition("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


@pytest.mark.parametrize("guide", GUIDES)
def test_the_cvmlab_commands_of_a_guide_exist_with_their_options(guide):
    from cvmlab.cli import main

    for line in _commands(guide):
        for call in re.findall(r"(?:^|&& |uv run |-m )cvmlab ([^&]*)", line):
            words = call.split()
            command = main.commands.get(words[0])
            assert command is not None, line
            known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
            used = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert used <= known | {"--help"}, line


@pytest.mark.parametrize("guide", GUIDES)
def test_the_files_that_a_guide_names_exist(guide):
    text = (ROOT / guide).read_text(encoding="utf-8")
    linked = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    scripts = re.findall(r"python ((?:tools|benchmarks|datasets)/\w+\.py)", text)
    assert linked
    missing = [name for name in [*linked, *scripts] if not (ROOT / name).exists()]
    assert missing == []


@pytest.mark.parametrize("guide", ["README.md", "README.zh.md"])
@pytest.mark.parametrize(
    "command", ["pip install uv && uv run cvmlab report grocery", "pip install uv && uv run pytest"]
)
def test_the_two_commands_stand_in_the_readme(guide, command):
    assert command in _commands(guide)


@pytest.mark.parametrize("guide", ["README.md", "README.zh.md"])
def test_the_readme_names_the_wheel_that_is_built(guide, wheel):
    assert f'pip install "{wheel.name}[zh]"' in _commands(guide)


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "tools").glob("*.py")))
def test_a_tool_says_what_it_does(script):
    command = [sys.executable, str(ROOT / "tools" / script), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"usage: {script}")


def test_ci_calls_the_test_command_of_the_readme():
    assert "uv run pytest" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
