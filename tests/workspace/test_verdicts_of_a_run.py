"""Verdicts in a run's folder: the whole workspace is the page, whatever was asked for."""

from __future__ import annotations

import pytest

from aftershock.tables import read_table
from aftershock.workspace.load import Workspace
from aftershock.workspace.request import Request
from aftershock.workspace.run import run_workspace


@pytest.fixture(scope="module")
def space(root, tmp_path_factory):
    """The example on its real prices, with a second study of two of its events."""
    import shutil

    folder = tmp_path_factory.mktemp("facebook") / "ws"
    shutil.copytree(
        root / "examples" / "facebook-2012", folder, ignore=shutil.ignore_patterns("results")
    )
    lockups = (folder / "studies" / "lockups.py").read_text("utf-8")
    later = lockups.replace("Facebook's lock-up expiries", "The later ones")
    later = later.replace('kind="lockup_expiry"', 'id=["fb-lockup-2012-11", "fb-lockup-2012-12"]')
    (folder / "studies" / "later.py").write_text(later, "utf-8")
    return Workspace.open(folder)


@pytest.fixture(scope="module")
def whole(space):
    return read_table(run_workspace(space, Request()) / "verdicts.csv")


def test_every_question_has_its_verdict(whole):
    assert set(whole["question"]) == {"Facebook's lock-up expiries", "The later ones"}
    assert set(whole["chosen"]) <= {"schedule", "5 schedule"}


def test_a_study_alone_is_judged_on_the_page_of_all(space, whole):
    alone = read_table(run_workspace(space, Request(["later"], [])) / "verdicts.csv")
    beside = whole[whole["question"] == "The later ones"].reset_index(drop=True)
    columns = ["event", "window", "p_value", "page_p", "page_n", "page_floor"]
    assert alone[columns].to_dict() == beside[columns].to_dict()
    study = space.study("later").fit(space.events(), space.prices())
    assert study.verdict["page_n"].iloc[0] < alone["page_n"].iloc[0]


def test_the_strategy_that_trades_a_studys_events_stands_beside_it(whole):
    named = whole.groupby("question")["tradeable"].agg(lambda names: set(names.fillna("")))
    assert named["Facebook's lock-up expiries"] == {"unlock_short"}
    assert named["The later ones"] == {""}  # it trades events that are not this study's
