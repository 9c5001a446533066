from __future__ import annotations

import datetime as dt
import json
import shutil

import pytest

import aftershock as ash
from aftershock.clock import Clock
from aftershock.errors import AftershockError, UnknownName, WorkspaceError
from aftershock.workspace.load import Workspace
from aftershock.workspace.request import Request
from aftershock.workspace.run import run_workspace
from aftershock.workspace.scaffold import make_workspace


@pytest.fixture
def space(tmp_path):
    make_workspace(tmp_path / "ws")
    return Workspace.open(tmp_path / "ws")


def set_line(space, old, new):
    path = space.folder / "aftershock.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_folder_without_settings_is_no_workspace(tmp_path):
    with pytest.raises(
        WorkspaceError, match=r"is no workspace: it has no aftershock\.toml.*aftershock init DIR"
    ):
        Workspace.open(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("benchmark =", "bench_mark =", "unknown key 'bench_mark': did you mean 'benchmark'"),
        ('title = "Zhipu and MiniMax"\n', "", "'title' is missing"),
        ("cash = 10_000_000", "cash = -5", "cash: Input should be greater than 0"),
        ('language = "en"', 'language = "fr"', "language: Input should be 'en' or 'zh'"),
        ("title =", "title", r"aftershock\.toml: "),
    ],
)
def test_wrong_settings_are_one_sentence(space, old, new, message):
    set_line(space, old, new)
    with pytest.raises(WorkspaceError, match=message):
        Workspace.open(space.folder)


def test_exchange_settings_are_checked(space):
    assert isinstance(space.exchange(), ash.HKEX)
    set_line(space, "borrow = 0.18", "borow = 0.18")
    with pytest.raises(WorkspaceError, match="exchange HKEX has no 'borow': did you mean 'borrow'"):
        Workspace.open(space.folder).exchange()
    set_line(space, 'model = "HKEX"', 'model = "HKX"')
    with pytest.raises(UnknownName, match="unknown exchange model 'HKX': did you mean 'HKEX'"):
        Workspace.open(space.folder).exchange()


def test_names_are_looked_up_with_the_nearest(space):
    with pytest.raises(UnknownName, match="unknown study 'lockup': did you mean 'lockups'"):
        space.study("lockup")
    with pytest.raises(
        UnknownName, match="unknown strategy 'unlock_shrt': did you mean 'unlock_short'"
    ):
        space.strategy("unlock_shrt")


def test_a_study_file_must_define_a_study(space):
    (space.folder / "studies" / "empty.py").write_text("x = 1\n", "utf-8")
    with pytest.raises(WorkspaceError, match=r"empty\.py defines no study"):
        space.study("empty")


def test_a_new_workspace_is_a_copy_of_the_first(space, root):
    for part in ("events", "studies", "strategies"):
        names = {path.name for path in (root / part).iterdir() if path.name != "__pycache__"}
        assert {path.name for path in (space.folder / part).iterdir()} == names
    with pytest.raises(WorkspaceError, match="is not empty"):
        make_workspace(space.folder)


def test_kinds_of_its_own(space):
    path = space.folder / "aftershock.toml"
    path.write_text(path.read_text("utf-8") + '\n[kinds]\nrecall = ["units"]\n', "utf-8")
    text = "- {id: r1, kind: recall, ticker: 0100.HK, when: 2026-06-01, units: 4000}\n"
    (space.folder / "events" / "recalls.yaml").write_text(text, "utf-8")
    book = Workspace.open(space.folder).events()
    assert book["r1"].attributes["units"] == 4000


def test_the_same_inputs_give_the_same_bytes(space):
    request = Request(studies=["lockups"], strategies=["unlock_short"])
    first, second = (run_workspace(space, request) for _ in range(2))
    assert first != second
    names = sorted(path.relative_to(first) for path in first.rglob("*.csv"))
    assert len(names) > 10
    assert [
        name for name in names if (first / name).read_bytes() != (second / name).read_bytes()
    ] == []
    manifests = [json.loads((run / "manifest.json").read_text("utf-8")) for run in (first, second)]
    for key in ("inputs", "prices", "studies", "backtests", "warnings"):
        assert manifests[0][key] == manifests[1][key]


def test_the_settings_seed_is_the_one_that_is_used(space):
    tables = {}
    for seed in (20260108, 7):
        path = space.folder / "aftershock.toml"
        kept = [line for line in path.read_text("utf-8").splitlines() if "seed" not in line]
        path.write_text("\n".join([f"seed = {seed}", *kept]) + "\n", "utf-8")
        own = Workspace.open(space.folder)
        run = run_workspace(own, Request(studies=["policy"], strategies=[]))
        manifest = json.loads((run / "manifest.json").read_text("utf-8"))
        assert manifest["seed"] == seed
        assert manifest["studies"]["policy"]["conventions"]["seed"] == str(seed)
        tables[seed] = (run / "studies" / "policy" / "tests.csv").read_bytes()
    assert tables[20260108] != tables[7]  # bootstraps and drawn placebos


def test_a_run_on_the_sample_says_so_everywhere(space):
    run = run_workspace(
        space, Request(studies=["lockups", "listings"], strategies=["unlock_short"])
    )
    notice = "reconstructed sample, not market data"
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    assert manifest["notice"] == notice
    assert not manifest["is_market_data"]
    for record in (*manifest["studies"].values(), *manifest["backtests"].values()):
        assert notice in record["warnings"]
    told = [line for line in manifest["warnings"] if notice in line]
    assert told == [f"lockups, listings, unlock_short: {notice}"]  # once, with whom it concerns
    page = (run / "report.html").read_text("utf-8")
    assert page.count(f">{notice}</span></li>") == 1
    assert page.count("What concerns others too is said once, under") == 3
    chinese = (run / "report.zh.html").read_text("utf-8")
    assert "警告：整次运行" in chinese
    assert notice in page
    assert page.count("shows the method, not the market") >= 4


@pytest.mark.parametrize("grid", [{}, {"exit": (2, 5)}], ids=["backtest", "sweep"])
def test_further_benchmarks_stand_beside_the_first(space, grid):
    path = space.folder / "aftershock.toml"
    named = 'benchmarks = ["0700.HK"]\n'
    path.write_text(named + path.read_text("utf-8"), "utf-8")
    run = run_workspace(
        Workspace.open(space.folder), Request(studies=[], strategies=["unlock_short"], grid=grid)
    )
    assert (run / "backtests" / "unlock_short" / "sweep.csv").exists() == bool(grid)
    table = (run / "backtests" / "unlock_short" / "versus.csv").read_text("utf-8")
    assert table.splitlines()[0] == "metric,strategy,benchmark,same_side,hedged,0700.HK,note"
    assert '"against 0700.HK, full sample: beta",' in table


def test_on_the_sample_only_published_days_are_studied(space):
    run = run_workspace(space, Request(studies=None, strategies=[]))
    import pandas as pd

    reasons = {}
    for path in run.glob("studies/*/events.csv"):
        table = pd.read_csv(path, keep_default_na=False).set_index("id")
        reasons |= table["reason"].to_dict()
    assert reasons["zhipu-lockup-2026-07"] == ""
    assert reasons["zhipu-listing"] == ""
    assert reasons["musk-tang"] == ""
    assert "no published price" in reasons["minimax-lockup-2026-10"]
    assert "no published price" in reasons["hstech-announcement@2513.HK"]
    assert "no published price" in reasons["glm-5.3-flash"]


def test_a_run_is_dated_by_the_clock_it_is_given(space):
    """A folder in the clock's own zone, and UTC in the manifest: New York's evening is tomorrow."""
    clock = Clock.stopped(dt.datetime.fromisoformat("2027-12-31T21:07:09-05:00"))
    run = run_workspace(space, Request(studies=["policy"], strategies=[]), clock=clock)
    assert run.relative_to(space.results).as_posix() == "2027-12-31/210709"
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    assert manifest["started"] == "2028-01-01T02:07:09+00:00"


@pytest.mark.parametrize(
    "part", ["studies/lockups.py", "strategies/unlock_short.py", "events/lockups.yaml"]
)
def test_a_content_file_that_does_not_load_writes_nothing(space, part):
    (space.folder / part).write_text("x = (\n", "utf-8")
    with pytest.raises(AftershockError):
        run_workspace(space, Request())
    assert [path.name for path in space.results.iterdir()] == ["README.md"]


def test_a_study_that_cannot_be_fitted_writes_nothing(space):
    study = space.folder / "studies" / "lockups.py"
    study.write_text(study.read_text("utf-8").replace("^HSI", "^GSPC"), "utf-8")
    with pytest.raises(AftershockError, match=r"the sample has no \^GSPC"):
        run_workspace(Workspace.open(space.folder), Request())
    left = [
        path.name for path in space.results.iterdir() if path.name not in {"README.md", ".lock"}
    ]
    assert left == []


def test_a_relative_price_folder_counts_from_the_workspace(space, tmp_path):
    set_line(space, 'source = "sample"', 'source = "files:prices"')
    opened = Workspace.open(space.folder)
    assert opened.source(None) == f"files:{space.folder / 'prices'}"
    assert opened.source("files:elsewhere") == "files:elsewhere"
    shutil.rmtree(space.folder / "events")
