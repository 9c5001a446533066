"""Nothing leaks from one run into another, and what would is an error that names it."""

from __future__ import annotations

import itertools
import os
import random
import signal

import numpy as np
import pytest
from floor import events, market, with_companies

import aftershock as ash
from aftershock.backtest import trials
from aftershock.backtest.rule import Rule
from aftershock.errors import BacktestError, WorkspaceError

FREE = ash.exchanges.PlainExchange(bps=0.0, borrow=0.0)
PRICES = market(
    AAA={row: {"open": 100.0 + row, "close": 100.5 + row} for row in range(30)}
)  # a short loses about 1 a share a session
BOOK = with_companies(events())


def file_of(tmp_path, body, head=""):
    path = tmp_path / "idea.py"
    path.write_text(
        f"import aftershock as ash\n{head}\n"
        "class Idea(ash.EventStrategy):\n"
        "    class Params(ash.EventStrategy.Params):\n"
        "        hold: int = 3\n"
        "    p: Params\n"
        "    events = ash.select()\n"
        f"{body}\n",
        "utf-8",
    )
    return path


STATE_ON_CLASS = """
    runs = []
    def on_offset(self, event, offset):
        if self.first_look(event):
            self.runs.append(1)
            self.enter_short(event, lots=100 * len(self.runs))
        elif self.sessions_held(event) == self.p.hold:
            self.leave(event)
"""
STATE_IN_FILE = STATE_ON_CLASS.replace("    runs = []\n", "").replace("self.runs", "RUNS")
SHARED_RANDOM = """
    def on_offset(self, event, offset):
        if self.first_look(event):
            self.enter_short(event, lots=random.randint(1, 10_000) + np.random.randint(1000))
        elif self.sessions_held(event) == self.p.hold:
            self.leave(event)
"""
OWN_RANDOM = SHARED_RANDOM.replace(
    "random.randint(1, 10_000) + np.random.randint(1000)",
    "int(np.random.default_rng().integers(1, 10_000))",
)


@pytest.mark.parametrize(
    ("body", "head"),
    [
        (STATE_ON_CLASS, ""),
        (STATE_IN_FILE, "RUNS = []"),
        (SHARED_RANDOM, "import random\nimport numpy as np"),
    ],
    ids=["on its class", "in its file", "shared random numbers"],
)
def test_a_second_run_is_the_first_again(tmp_path, body, head):
    backtest = ash.Backtest(file_of(tmp_path, body, head), exchange=FREE)
    before = random.getstate(), str(np.random.get_state())  # noqa: NPY002 - what it may use
    first, second = (backtest.run(BOOK, PRICES, benchmark="^IDX") for _ in range(2))
    assert (random.getstate(), str(np.random.get_state())) == before  # noqa: NPY002
    assert first.trades["shares"].item() > 0
    assert first.orders.equals(second.orders)
    assert first.equity.equals(second.equity)
    cells = backtest.sweep(BOOK, PRICES, benchmark="^IDX", grid={"hold": [3, 4]}, jobs=1)
    assert cells.reported.trades["shares"].item() == first.trades["shares"].item()


def test_random_numbers_of_its_own_are_an_error_that_names_the_cell(tmp_path):
    path = file_of(tmp_path, OWN_RANDOM, "import numpy as np")
    with pytest.raises(
        BacktestError,
        match=r"idea at hold=\d is not the same when run again: equity on 2026-01-0\d was .* and is"
        r" .*; the strategy draws random numbers of its own, or keeps something",
    ):
        ash.Backtest(path, exchange=FREE).sweep(
            BOOK, PRICES, benchmark="^IDX", grid={"hold": [3, 4]}, jobs=1
        )


TICKS = itertools.count()


class Counting(ash.EventStrategy):
    """A rule that says something else whenever it is asked."""

    class Params(ash.EventStrategy.Params):
        entry: int = -5

        def rule(self, event):
            return Rule(entry=self.entry, exit=self.entry + 3, lots=100 + next(TICKS))

    events = ash.select()


def test_a_rule_that_changes_its_mind_is_an_error():
    with pytest.raises(BacktestError, match="Counting at entry=-5 is not the same when run again"):
        ash.Backtest(Counting, exchange=FREE).sweep(
            BOOK, PRICES, benchmark="^IDX", grid={"entry": [-5]}
        )


class Steady(ash.EventStrategy):
    """A rule, and what its code may run into."""

    class Params(ash.EventStrategy.Params):
        entry: int = -5

        def rule(self, event):
            if self.entry == -7:
                raise SystemExit("enough")
            if self.entry == -6:
                return 1 / 0
            return Rule(entry=self.entry, exit=-4, lots=100)

    events = ash.select()


def test_arrays_that_go_wrong_are_an_error(monkeypatch):
    """The comparison is made: arrays that are a cent off are not believed."""
    honest = trials.RuleEngine.run

    def off(self, legs):
        made = honest(self, legs)
        made.equity[10:] += 1
        return made

    monkeypatch.setattr(trials.RuleEngine, "run", off)
    with pytest.raises(BacktestError, match="arrays and backtrader differ"):
        ash.Backtest(Steady, exchange=FREE).sweep(
            BOOK, PRICES, benchmark="^IDX", grid={"entry": [-5]}
        )


def test_cells_that_cannot_be_keep_their_reason():
    backtest = ash.Backtest(Steady, exchange=FREE)
    table = backtest.sweep(
        BOOK, PRICES, benchmark="^IDX", grid={"entry": [-8, -7, -6, -5, -4, -3]}
    ).table.set_index("entry")
    assert table["net"].notna().tolist() == [True, False, False, True, False, False]
    assert "SystemExit: enough" in table["note"][-7]
    assert "ZeroDivisionError: division by zero" in table["note"][-6]
    assert table["note"][-4] == "exit=-4 must be after entry=-4" or "exit=-4" in table["note"][-4]
    assert f"{__file__}:" in table["note"][-6]


RAISES = """
    def on_offset(self, event, offset):
        if self.p.hold == 4:
            raise {what}
        if self.first_look(event):
            self.enter_short(event, lots=100)
        elif self.sessions_held(event) == self.p.hold:
            self.leave(event)
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_cells_whose_code_raises_keep_their_reason(tmp_path, jobs):
    path = file_of(tmp_path, RAISES.format(what="KeyError('x')"))
    grid = {"hold": [2, 3, 4, 5, 6, 7]}
    swept = ash.Backtest(path, exchange=FREE).sweep(
        BOOK, PRICES, benchmark="^IDX", grid=grid, jobs=jobs
    )
    notes = swept.table.set_index("hold")["note"]
    assert notes[4] == f"{path}:11: KeyError: 'x'"
    assert swept.trials == 5
    assert "hold" in swept.summary()
    assert swept.best.params["hold"] == 2


def test_parameters_of_its_own_that_cannot_run_give_way_to_the_best(tmp_path):
    path = file_of(tmp_path, RAISES.format(what="KeyError('x')"))
    backtest = ash.Backtest(path, exchange=FREE, params={"hold": 4})
    swept = backtest.sweep(BOOK, PRICES, benchmark="^IDX", grid={"hold": [2, 3, 4]}, jobs=1)
    assert swept.reported.warnings[0].startswith("its own parameters cannot run (")
    assert swept.reported.equity.equals(swept.best.equity)


def test_a_grid_of_which_no_cell_runs_is_one_sentence(tmp_path):
    path = file_of(tmp_path, RAISES.format(what="KeyError('x')"))
    with pytest.raises(BacktestError, match="no cell of the grid can run; the first: .*KeyError"):
        ash.Backtest(path, exchange=FREE).sweep(
            BOOK, PRICES, benchmark="^IDX", grid={"hold": [4]}, jobs=1
        )


class Odd(BaseException):
    """Derived from what nothing catches."""


@pytest.mark.parametrize(
    "what", ["SystemExit(0)", "SystemExit('done')", "KeyboardInterrupt", "GeneratorExit", "Odd()"]
)
def test_whatever_a_strategy_raises_is_its_failure(tmp_path, what):
    head = "class Odd(BaseException):\n    pass\n"
    path = file_of(tmp_path, RAISES.format(what=what), head)
    backtest = ash.Backtest(path, exchange=FREE, params={"hold": 4})
    with pytest.raises(BacktestError, match=rf"idea.py:\d+: {what.partition('(')[0]}: "):
        backtest.run(BOOK, PRICES, benchmark="^IDX")


@pytest.mark.parametrize("what", ["SystemExit(0)", "KeyboardInterrupt", "Odd()"])
def test_whatever_a_file_raises_as_it_is_read_is_its_failure(tmp_path, what):
    path = file_of(tmp_path, "    pass", f"class Odd(BaseException):\n    pass\nraise {what}\n")
    with pytest.raises(
        WorkspaceError, match=rf"idea.py:4 does not import: {what.partition('(')[0]}"
    ):
        ash.Backtest(path)


def test_ctrl_c_is_still_the_users(tmp_path):
    """A signal while content runs stops the run and is no failure of the file's."""
    body = """
    def on_offset(self, event, offset):
        os.kill(os.getpid(), signal.SIGINT)
"""
    path = file_of(tmp_path, body, "import os, signal")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            ash.Backtest(path, exchange=FREE).run(BOOK, PRICES, benchmark="^IDX")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert os.getpid()
