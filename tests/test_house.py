"""The house: which way imports run, what is public, what the engine may not know."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

import aftershock

LAYERS = [
    {"errors"},
    {"clock", "inputs", "interrupts", "locale", "palette", "whole"},
    {"arrays", "charts", "tables", "content", "formats", "anyframe"},
    {"offsets", "overrides"},
    {"calendars"},
    {"sessions"},
    {"prices"},
    {"events"},
    {"study", "backtest"},
    {"runs"},
    {"report"},
    {"workspace"},
    {"cli"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
PUBLIC = [
    "load_events", "load_prices", "select", "Study", "Backtest", "EventStrategy", "HKEX",
    "MeanModel", "MarketAdjusted", "MarketModel", "PeerModel", "EventBook", "PricePanel",
    "ReturnPanel", "StudyResult", "BacktestResult",
]  # fmt: skip


def imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where they lead"
            if node.module == "aftershock":  # from aftershock import study
                yield from (f"aftershock.{alias.name}" for alias in node.names)
            else:
                yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def engine_files(root):
    return sorted((root / "src" / "aftershock").rglob("*.py"))


def room(root, path):
    return path.relative_to(root / "src" / "aftershock").parts[0].removesuffix(".py")


def test_imports_run_one_way(root):
    wrong = []
    for path in engine_files(root):
        own = room(root, path)
        if own == "__init__":
            continue
        for module in imports(path):
            parts = module.split(".")
            if parts[0] != "aftershock" or len(parts) == 1:
                continue
            other = parts[1]
            if other == "__version__":
                continue
            if other != own and RANK[other] >= RANK[own]:
                wrong.append(f"{path.name}: {own} imports {other}")
    assert wrong == []


def test_every_room_has_a_layer(root):
    rooms = {room(root, path) for path in engine_files(root)} - {"__init__"}
    assert rooms == set(RANK)


def test_the_engine_names_no_ticker_and_no_catalyst(root):
    settings = tomllib.loads((root / "aftershock.toml").read_text("utf-8"))
    companies = yaml.safe_load((root / "events" / "companies.yaml").read_text("utf-8"))
    names = [*settings["tickers"], *settings["peers"], *(company["name"] for company in companies)]
    names += ["Musk", "Anthropic", "Kimi", "GLM", "HSTECH"]
    pattern = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names))
    # 0100.HK and ^HSI stand in messages as the example of how a ticker is spelled
    found = [
        f"{path.name}: {line.strip()}"
        for path in engine_files(root)
        for line in path.read_text("utf-8").splitlines()
        if pattern.search(line.replace("0100.HK", ""))
    ]
    assert found == []


def test_public_names_are_pinned():
    assert [
        name
        for name in aftershock.__all__
        if name not in {"errors", "exchanges", "models", "rules"}
    ] == PUBLIC
    for name in aftershock.__all__:
        assert getattr(aftershock, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = aftershock.nothing


@pytest.mark.parametrize("workspace", [".", "examples/facebook-2012"])
def test_content_is_no_package_and_imports_no_content(root, workspace):
    content = [
        path
        for folder in ("events", "studies", "strategies")
        for path in (root / workspace / folder).rglob("*")
    ]
    assert content
    assert not [path for path in content if path.name == "__init__.py"]
    for path in content:
        if path.suffix == ".py":
            tops = {module.split(".")[0] for module in imports(path)}
            assert not tops & {"events", "studies", "strategies"}


def test_the_command_line_imports_nothing_heavy():
    code = (
        "import sys, aftershock.cli;"
        "print([m for m in ('numpy','pandas','statsmodels','matplotlib','backtrader',"
        "'exchange_calendars','yfinance','scipy','plotly') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_error_is_also_a_builtin():
    from aftershock import errors

    leaves = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.AftershockError)
    ]
    assert len(leaves) > 5
    for leaf in leaves:
        if leaf is not errors.AftershockError:
            assert issubclass(leaf, ValueError | LookupError | OSError)


READERS = {"now", "today", "utcnow", "utcfromtimestamp"}  # methods of datetime, date, Timestamp
CLOCK_FUNCTIONS = {
    "time",
    "time_ns",
    "localtime",
    "gmtime",
    "ctime",
    "strftime",
    "mktime",
    "tzset",
    "tzname",
    "timezone",
    "altzone",
    "clock_gettime",
}  # of the module time; monotonic and sleep measure and wait, and are no clock
MACHINE_MODULES = {"locale", "tzlocal"}


def reads_the_machine(node):
    """Return True where a node asks the machine for its time, its zone or its locale."""
    return imports_a_clock(node) or (isinstance(node, ast.Call) and asks_a_clock(node))


def imports_a_clock(node):
    match node:
        case ast.Import(names=names):
            return any(alias.name in MACHINE_MODULES for alias in names)
        case ast.ImportFrom(module="time", names=names):
            return any(alias.name in CLOCK_FUNCTIONS for alias in names)
        case ast.Attribute(value=ast.Name(id="time" | "_time"), attr=attr):
            return attr in CLOCK_FUNCTIONS
    return isinstance(node, ast.ImportFrom) and node.module in MACHINE_MODULES


def asks_a_clock(call):
    name = ast.unparse(call.func)
    owner, _, method = name.rpartition(".")
    match call.args:
        case [ast.Constant(value="now" | "today"), *_]:
            return name.endswith(("Timestamp", "datetime64", "to_datetime"))
        case [] if method == "astimezone":
            return not call.keywords
        case [_] if method == "fromtimestamp":
            return not call.keywords
    return method in READERS and not owner.lower().endswith(("clock", "system"))


@pytest.mark.parametrize("folder", ["src", "tests", "studies", "strategies", "examples", "events"])
def test_only_the_clock_asks_the_machine_for_its_time_zone_or_locale(root, folder):
    spared = {root / "src" / "aftershock" / "clock.py", root / "tests" / "test_clock.py"}
    readers = [
        f"{path.relative_to(root)}:{node.lineno}: {ast.unparse(node)}"
        for path in sorted((root / folder).rglob("*.py"))
        if path not in spared
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if reads_the_machine(node)
    ]
    assert readers == []


@pytest.mark.parametrize(
    "line",
    [
        "dt.datetime.now(dt.UTC)",
        "datetime.now()",
        "dt.date.today()",
        "pd.Timestamp.now('UTC')",
        "pd.Timestamp.utcnow()",
        "pd.Timestamp('today')",
        "np.datetime64('now')",
        "time.time()",
        "time.strftime('%Y')",
        "from time import localtime",
        "instant.astimezone()",
        "dt.datetime.fromtimestamp(stamp)",
        "import locale",
    ],
)
def test_every_way_to_ask_the_machine_is_known(line):
    assert any(reads_the_machine(node) for node in ast.walk(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    [
        "clock.now()",
        "self.clock.today()",
        "SYSTEM.now()",
        "time.monotonic()",
        "time.sleep(1)",
        "dt.time(9, 30)",
        "instant.astimezone(dt.UTC)",
        "dt.datetime.fromtimestamp(stamp, dt.UTC)",
        "day.strftime('%Y')",
        "from aftershock.locale import catalogue",
    ],
)
def test_what_asks_nothing_of_the_machine_is_allowed(line):
    assert not any(reads_the_machine(node) for node in ast.walk(ast.parse(line)))
