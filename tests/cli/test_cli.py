"""Every command, and every wrong input as one sentence with exit code 2 and nothing written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from aftershock.cli import main


def written(space):
    return [
        path.name
        for path in (space / "results").iterdir()
        if path.name not in {"README.md", ".lock"}
    ]


def test_run_writes_one_report_and_prints_where(cli, space):
    code, out, _ = cli("run")
    assert code == 0
    *told, line = out.splitlines()
    assert any(text.startswith("sample") for text in told)
    page = space / line
    assert page.name == "report.html"
    text = page.read_text("utf-8")
    for heading in (
        "Lock-up expiries",
        "Model launches",
        "Price changes",
        "Musk and Tang",
        "unlock_short",
        "unlock_pair",
    ):
        assert heading in text
    assert (space / "results" / "latest" / "manifest.json").exists()
    assert "report.html" in (space / "results" / "index.html").read_text("utf-8")


def test_study_and_backtest_print_their_results(cli):
    code, out, _ = cli("study", "lockups", "musk_tang")
    assert code == 0
    assert "shows the method, not the market" in out
    assert "zhipu-lockup-2026-07" in out
    assert "musk-tang" in out
    code, out, _ = cli("backtest", "unlock_short")
    assert code == 0
    assert "Against ^HSI, a price index" in out


def test_events_commands(cli):
    code, out, _ = cli("events", "list", "--kind", "lockup_expiry", "--json")
    assert code == 0
    rows = json.loads(out)
    assert [row["day 0"] for row in rows] == [
        "2026-07-08",
        "2026-07-09",
        "2026-10-09",
        "2027-01-08",
    ]
    code, out, _ = cli("events", "list", "--ticker", "2513.HK")
    assert "musk-tang" in out
    assert "minimax-m3" not in out
    code, _, err = cli("events", "list", "--kind", "lockup")
    assert code == 2
    assert "unknown kind of the events 'lockup': did you mean 'lockup_expiry'" in err
    code, out, _ = cli("events", "check")
    assert code == 0
    assert "events are valid" in out
    assert "x2.48" in out
    assert "x10.29" in out
    assert "state 46.7%, cornerstone 53.3%" in out
    assert "not named 100.0%" in out
    assert "do not add" in out
    code, out, _ = cli("events", "check", "--json")
    assert json.loads(out)["events"] > 30
    code, out, _ = cli("events", "timeline")
    assert out.index("2026-01") < out.index("2026-07") < out.index("2027-01")


def test_prices_commands(cli):
    code, out, _ = cli("prices", "fetch")
    assert code == 0
    assert "reconstructed sample, not market data" in out
    assert "2025-07-02" in out
    code, out, _ = cli("prices", "check", "^HSI", "--json")
    assert code == 0
    assert isinstance(json.loads(out), list)


def test_runs_commands_and_rebuilding_a_page(cli, space):
    cli("study", "lockups")
    code, out, _ = cli("runs", "list", "--json")
    (run,) = json.loads(out)
    assert run["source"] == "sample"
    code, out, _ = cli("runs", "show", "latest")
    assert code == 0
    assert run["run"] in out
    page = space / "results" / "latest" / "report.html"
    before = page.read_text("utf-8")
    page.unlink()
    code, out, _ = cli("report", run["run"])
    assert code == 0
    assert page.read_text("utf-8") == before


def test_what_changed_between_two_runs(cli, space):
    cli("study", "lockups")
    cli("study", "lockups")
    names = [run["run"] for run in json.loads(cli("runs", "list", "--json")[1])]
    code, out, _ = cli("runs", "diff", names[1], names[0])
    assert code == 0
    assert "Nothing changed" in out
    study = space / "studies" / "lockups.py"
    text = study.read_text("utf-8")
    assert "estimation=(-60, -11)" in text
    study.write_text(text.replace("estimation=(-60, -11)", "estimation=(-50, -11)"), "utf-8")
    cli("study", "lockups")
    code, out, _ = cli("runs", "diff", names[0], "latest", "--json")
    changes = json.loads(out)
    assert {"inputs", "conventions", "numbers"} <= {change["part"] for change in changes}
    assert any(change["what"] == "studies/lockups.py" for change in changes)
    (car,) = [
        change for change in changes
        if change["where"] == "studies/lockups/car.csv"
        and change["what"] == "zhipu-lockup-2026-07 2026-07-08 0 0 default car"
    ]  # fmt: skip
    assert car["before"] != car["after"]
    code, out, _ = cli("runs", "diff", names[0], "latest")
    assert code == 0
    assert "conventions" in out
    assert cli("runs", "diff") == (0, out, "")
    assert cli("runs", "diff", "latest") == (0, out, "")
    code, out, _ = cli("runs", "diff", names[0])
    assert code == 0
    assert out.splitlines() == [
        f"{names[1]} (aftershock study lockups)",
        f"to {names[0]} (aftershock study lockups)",
        "Nothing changed: inputs, conventions and numbers are the same.",
    ]
    code, _, err = cli("runs", "diff", names[1])
    assert code == 2
    assert f"there is no run before {names[1]}" in err
    code, _, err = cli("runs", "diff", *names, "latest")
    assert code == 2
    assert "3 are named" in err


def test_tables_for_papers_and_the_language_of_the_terminal(cli, space):
    code, out, _ = cli("study", "lockups", "--lang", "zh")
    assert code == 0
    assert "report.zh.html" in out
    assert "估计结果" in out
    code, out, _ = cli("report", "latest", "--format", "latex")
    assert code == 0
    assert r"\begin{longtable}" in out
    code, out, err = cli("report", "latest", "--format", "docx")
    assert (code, "unknown format 'docx'" in err) == (2, True)
    code, out, err = cli("run", "--lang", "fr")
    assert (code, "unknown language 'fr'" in err) == (2, True)
    code, out, _ = cli("report", "latest", "--figures")
    assert code == 0
    assert list((space / "results" / "latest").rglob("car-*.svg"))


def test_init_makes_a_workspace(cli, tmp_path):
    code, out, _ = cli("init", str(tmp_path / "new"))
    assert code == 0
    assert "aftershock run" in out
    code, out, _ = cli("events", "check", cwd=tmp_path / "new")
    assert code == 0


def test_init_makes_an_empty_workspace(cli, command, tmp_path):
    code, out, _ = cli("init", str(tmp_path / "own"), "--empty")
    assert code == 0
    assert "is an empty workspace" in out
    assert sorted(path.name for path in (tmp_path / "own" / "studies").iterdir()) == ["_example.py"]
    code, out, _ = command("events", "check", cwd=tmp_path / "own")
    assert (code, "There is no event yet" in out) == (0, True)
    code, out, _ = command("events", "list", cwd=tmp_path / "own")
    assert (code, "There is no event yet" in out) == (0, True)
    code, _, err = command("run", cwd=tmp_path / "own")
    assert code == 2
    assert "has no study and no strategy to run; write studies/NAME.py" in err


def test_version_and_help(cli):
    assert cli("--version")[1].startswith("aftershock ")
    code, out, _ = cli("--help")
    assert code == 0
    for command in ("run", "study", "backtest", "events", "prices", "runs", "report", "init"):
        assert command in out


def spoil(space, name, text):
    (space / name).write_text(text, "utf-8")


WRONG = {
    "missing workspace": (
        ["run", "--workspace", "nowhere"],
        "is no workspace: it has no aftershock.toml",
    ),
    "unknown study": (["study", "lockup"], "unknown study 'lockup': did you mean 'lockups'?"),
    "unknown strategy": (
        ["backtest", "unlock_shrt"],
        "unknown strategy 'unlock_shrt': did you mean 'unlock_short'?",
    ),
    "unknown source": (["run", "--source", "yaho"], "did you mean 'yahoo'?"),
    "unknown ticker": (["prices", "fetch", "0005.HK"], "the sample has no 0005.HK"),
    "unknown run": (
        ["report", "2020-01-01/000000"],
        "there is no run '2020-01-01/000000': results has none yet",
    ),
    "missing prices": (["run", "--source", "files:nowhere"], "price folder nowhere does not exist"),
    "full folder": (["init", "."], ". is not empty"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_sentence(cli, space, case):
    arguments, message = WRONG[case]
    code, out, err = cli(*arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert written(space) == []


SPOILED = {
    "malformed YAML": ("events/lockups.yaml", "- id: [x\n", "events/lockups.yaml:"),
    "unknown key": (
        "events/musk_tang.yaml",
        "- {id: x, kind: policy, ticker: A, when: 2026-01-01, tikcer: B}\n",
        "did you mean 'ticker'?",
    ),
    "strategy that does not import": (
        "strategies/unlock_short.py",
        "import nothing_such\n",
        "does not import: ModuleNotFoundError",
    ),
    "study that does not import": ("studies/lockups.py", "x = (\n", "lockups.py:1 does not import"),
    "settings": ("aftershock.toml", "title = \n", "aftershock.toml: "),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_spoiled_file_is_one_sentence(cli, space, case):
    name, text, message = SPOILED[case]
    spoil(space, name, text)
    code, _, err = cli("run")
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert written(space) == []


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"2513.HK.csv": ""}, "2513.HK.csv is empty; it needs a header with Date and Close"),
        ({"2513.HK.csv": "\x00\x01"}, "2513.HK"),
        ({"2513.HK.csv": "Date,Close\n2026-06-17,1\n"}, "no prices for 0100.HK in prices"),
    ],
)
def test_unreadable_price_files_are_one_sentence(cli, space, files, message):
    (space / "prices").mkdir()
    for name, text in files.items():
        spoil(space, f"prices/{name}", text)
    code, _, err = cli("run", "--source", "files:prices")
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert written(space) == []


def test_prices_without_the_benchmark_are_one_sentence(cli, space):
    (space / "prices").mkdir()
    for ticker in ("2513.HK", "0100.HK", "0700.HK", "3690.HK", "9888.HK", "9988.HK"):
        spoil(space, f"prices/{ticker}.csv", "Date,Close\n2026-06-17,1\n2026-06-18,1\n")
    code, _, err = cli("run", "--source", "files:prices")
    assert code == 2
    assert "no prices for ^HSI in prices" in err
    assert written(space) == []


def test_a_results_folder_in_the_way_is_one_sentence(cli, space):
    (space / "results" / "README.md").unlink()
    (space / "results").rmdir()
    spoil(space, "results", "a file")
    code, _, err = cli("study", "lockups")
    assert code == 2
    assert "the results folder results cannot be written" in err
    assert err.count("\n") == 1


def test_debug_shows_the_traceback(monkeypatch, space):
    monkeypatch.chdir(space)
    monkeypatch.setattr(sys, "argv", ["aftershock", "--debug", "study", "lockup"])
    with pytest.raises(LookupError, match="unknown study"):
        main()


def test_ctrl_c_in_the_middle_leaves_nothing(space):
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", "from aftershock.cli import main; main()", "run"],
        cwd=space, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TERM": "dumb"},
    ) as process:  # fmt: skip
        try:
            while not list((space / "results").glob(".building-*/run/studies/*")):
                assert process.poll() is None, process.stderr.read().decode()
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate()
        finally:
            process.kill()
    assert process.returncode == 130
    assert err.decode() == "stopped; nothing was written\n"
    assert written(space) == []
