"""Commands where the disk, the terminal or the surroundings are not as usual."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from aftershock.workspace.scaffold import make_workspace

# -P: as the installed command, which does not look for modules where it is run
COMMAND = [sys.executable, "-P", "-c", "from aftershock.cli import main; main()"]
# what a command says first of prices that are older than today's, on the error stream
AGE = re.compile(rb"(?:Newest price \d{1,2} \w{3} \d{4}, [^\n]+\n)?")
PLACE = '路 径\'s "q" & co'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A workspace with one run in it, under a name that is hard to write down."""
    folder = tmp_path_factory.mktemp("failures") / PLACE
    make_workspace(folder)
    assert call(folder, "study", "lockups").returncode == 0
    return folder


@pytest.fixture
def ran(made, tmp_path):
    """A copy of it."""
    return shutil.copytree(made, tmp_path / PLACE, symlinks=True)


def call(folder, *arguments, **surroundings):
    environment = {**os.environ, "PYTHONSAFEPATH": None, **surroundings}
    environment = {name: value for name, value in environment.items() if value is not None}
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, capture_output=True, check=False, env=environment
    )


def quiet(done):
    """Done, with nothing on the error stream but how old the newest price is."""
    assert done.returncode == 0, done.stderr.decode()
    assert AGE.fullmatch(done.stderr), done.stderr.decode()


def refused(done, *said):
    """One sentence on the error stream and exit code 2."""
    assert done.returncode == 2, done.stderr.decode()
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("error: ")
    for part in said:
        assert part in line


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock" and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk", "utf-8"])
def test_any_terminal_shows_what_it_can(made, encoding):
    surroundings = {"PYTHONIOENCODING": encoding}
    done = call(made, "report", "latest", "--format", "md", "--lang", "zh", **surroundings)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode(encoding)
    assert ("估计结果" in text) == (encoding in {"gbk", "utf-8"})
    listed = call(made, "events", "list", "--json", **surroundings)
    told = json.loads(listed.stdout.decode(encoding))
    assert told == json.loads(call(made, "events", "list", "--json").stdout.decode("utf-8"))


@pytest.mark.parametrize(
    "surroundings",
    [
        {"LC_ALL": "C", "LANG": None},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},  # paths are ASCII
        {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1", "TERM": None},
        {"TZ": None, "HOME": None, "COLUMNS": "60"},
        {"TZ": "Pacific/Kiritimati", "COLUMNS": "60"},
    ],
)
def test_a_study_runs_in_any_surroundings(ran, surroundings):
    done = call(ran, "study", "lockups", "--workspace", str(ran), **surroundings)
    quiet(done)
    runs = call(ran, "runs", "list", "--json")
    manifest, _ = json.loads(runs.stdout.decode("utf-8"))
    assert "study lockups --workspace" in manifest["command"]
    assert list((ran / "results" / "latest" / "studies" / "lockups" / "figures").glob("*.png"))


def test_a_workspace_is_reached_through_a_link(ran, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(ran, target_is_directory=True)
    done = call(tmp_path, "report", "latest", "--workspace", "link")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().strip().endswith("report.html")


def test_a_reader_that_leaves_is_no_traceback(made):
    with subprocess.Popen(
        [*COMMAND, "runs", "show", "latest", "--json"], cwd=made, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        process.stdout.close()
        said = process.stderr.read()
    assert said == b""


def test_what_lies_in_the_folder_shadows_no_library(ran):
    (ran / "random.py").write_text("raise RuntimeError('shadow')\n", "utf-8")
    done = call(ran, "sweep", "unlock_pair", "--grid", "entry=-10:-6", LOKY_MAX_CPU_COUNT="2")
    quiet(done)


def test_a_page_in_the_way_of_the_list_of_runs_is_one_sentence(ran):
    (ran / "results" / "index.html").unlink()
    (ran / "results" / "index.html").mkdir()
    done = call(ran, "study", "lockups")
    refused(done, "the run is whole, in ", "results/index.html cannot be written: Is a directory")
    runs = json.loads(call(ran, "runs", "list", "--json").stdout.decode("utf-8"))
    assert len(runs) == 2


def test_a_page_that_cannot_be_written_stays_as_it_was(ran):
    place = (ran / "results" / "latest").resolve()
    (place / "report.zh.html").unlink()
    (place / "report.zh.html").mkdir()
    page = (place / "report.html").read_bytes()
    before = files(ran)
    done = call(ran, "report", "latest")
    refused(done, "the page of ", "cannot be written: Is a directory")
    assert (place / "report.html").read_bytes() == page
    assert files(ran).keys() == before.keys()


def test_a_run_with_a_file_cut_short_is_one_sentence(ran):
    (ran / "results" / "latest" / "closes.csv").write_text('session,A\n2026-01-02,"1', "utf-8")
    before = files(ran)
    refused(call(ran, "report", "latest"), "closes.csv cannot be read")
    assert files(ran) == before


def test_a_name_no_disk_can_hold_is_one_sentence(made):
    refused(call(made, "report", "a" * 300), "unknown run 'aaa")


@pytest.mark.parametrize("arguments", [("run",), ("prices", "check")])
def test_a_home_that_nobody_has_is_one_sentence(ran, arguments):
    before = files(ran)
    done = call(ran, *arguments, "--source", "files:~nobody-of-that-name/prices")
    refused(done, "~nobody-of-that-name/prices: there is no such home; write the whole path")
    assert files(ran) == before
