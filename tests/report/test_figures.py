"""The process that draws the figures: it fails, it hangs, it is given up, it stands anywhere."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from aftershock.errors import RunError
from aftershock.report import figures
from aftershock.report.figures import drawing


@pytest.fixture
def drawer(tmp_path, monkeypatch):
    """Put another program in place of the one that draws; returns the processes started."""
    started = []
    real = subprocess.Popen

    def put(code):
        def popen(command, **options):
            started.append(real([sys.executable, "-c", code], **options))
            return started[-1]

        monkeypatch.setattr(figures.subprocess, "Popen", popen)
        return started

    yield put
    assert all(process.poll() is not None for process in started)  # none is left behind


def draw(folder):
    with drawing() as go:
        go(folder)


def test_a_process_that_ends_early_is_named(tmp_path, drawer):
    started = drawer("import sys; sys.stdin.close(); sys.exit('no font')")
    with pytest.raises(RunError, match="run could not be drawn: no font"), drawing() as go:
        started[0].wait()
        go(tmp_path)


def test_a_process_that_is_killed_is_named(tmp_path, drawer):
    drawer("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(RunError, match="could not be drawn: their process was ended by signal 9"):
        draw(tmp_path)


def test_a_process_that_hangs_is_given_up(tmp_path, drawer, monkeypatch):
    monkeypatch.setattr(figures, "PATIENCE", 0.1)
    drawer("import time; time.sleep(600)")
    with pytest.raises(RunError, match="were not drawn in 0 seconds, and the run was given up"):
        draw(tmp_path)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_run_that_is_given_up_leaves_no_process(drawer, error):
    drawer("import time; time.sleep(600)")
    with pytest.raises(error), drawing():
        raise error


def in_process(folder, given, **environment):
    return subprocess.run(
        [sys.executable, "-P", "-m", "aftershock.report.figures"], cwd=folder, input=given,
        capture_output=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip


def test_a_run_that_is_killed_draws_nothing(tmp_path):
    """Its process hears the end of its input; the folder where it stands may be a run."""
    done = in_process(tmp_path, b"")
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_folder_of_any_name_is_found_in_any_encoding(tmp_path):
    folder = tmp_path / '路 径\'s "q"'
    done = in_process(tmp_path, os.fsencode(folder), PYTHONIOENCODING="ascii")
    assert b"is no run: its manifest.json cannot be read" in done.stderr
    assert b"UnicodeDecodeError" not in done.stderr


def test_what_lies_where_the_command_is_run_shadows_no_library(tmp_path, monkeypatch):
    (tmp_path / "random.py").write_text("raise RuntimeError('shadow')", "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match="is no run"):
        draw(tmp_path)
