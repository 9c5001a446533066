"""A workspace, and the command line inside it."""

from __future__ import annotations

import sys
from functools import partial

import pytest

from aftershock.cli import main
from aftershock.workspace.scaffold import make_workspace


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch):
    """What a command sets for the processes it starts does not outlive its test."""
    monkeypatch.setenv("PYTHONSAFEPATH", "1")


@pytest.fixture
def space(tmp_path):
    make_workspace(tmp_path / "ws")
    return tmp_path / "ws"


@pytest.fixture
def command(monkeypatch, capsys):
    """Run a command in a folder; returns exit code, output and errors."""

    def call(*arguments, cwd):
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["aftershock", *arguments])
        monkeypatch.setenv("COLUMNS", "200")
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        done = capsys.readouterr()
        return code, done.out, done.err

    return call


@pytest.fixture
def cli(command, space):
    """Run a command inside the workspace, or in another folder with ``cwd=``."""
    return partial(command, cwd=space)
