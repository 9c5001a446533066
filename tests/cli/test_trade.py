"""``backtest`` and ``sweep`` as they are typed."""

from __future__ import annotations

import datetime as dt
import json

import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import WorkspaceError
from aftershock.workspace.load import Workspace
from aftershock.workspace.request import Terms

THIEF = """
import gc
import aftershock as ash
from aftershock.prices.panel import PricePanel
class Thief(ash.EventStrategy):
    events = ash.select(kind="lockup_expiry")
    def start(self):
        super().start()
        panels = [found for found in gc.get_objects() if isinstance(found, PricePanel)]
        mine = [found for found in panels if self.benchmark in found.tickers]
        self.panel = max(mine, key=lambda found: len(found.sessions))
    def on_offset(self, event, offset):
        row, column = self.broker.position, self.panel.column(self.benchmark)
        close = self.panel.close[:, column]
        if offset == -8 and (row + 1 == len(close) or close[row + 1] < 1e9):
            self.enter_short(event, weight=0.1 if row + 1 < len(close) else 0.2)
        elif offset == 3:
            self.leave(event)
"""


def record(space, name="unlock_short"):
    """What the manifest has of a backtest, with its figures."""
    latest = space / "results" / "latest"
    said = json.loads((latest / "manifest.json").read_text())["backtests"][name]
    figures = json.loads((latest / "backtests" / name / "metrics.json").read_text())
    return {**said, "metrics": figures}


def test_the_check_for_look_ahead_has_an_exit_code(cli, space):
    (space / "strategies" / "thief.py").write_text(THIEF)
    code, out, _ = cli("backtest", "unlock_short", "--check-lookahead")
    assert code == 0
    assert out.strip().endswith("changed none of what had been decided")
    code, out, err = cli("backtest", "unlock_short", "thief", "--check-lookahead")
    assert (code, err) == (1, "")
    assert "unlock_short: no look-ahead: " in out
    assert "thief: LOOK-AHEAD: without the data after " in out
    assert not (space / "results" / "latest").exists()


def test_terms_reach_the_run(cli, space):
    code, out, _ = cli(
        "backtest", "unlock_short", "--from", "2026-05-04", "--to", "2026-07-31", "--set",
        "entry=-5", "--set", "stop=none", "--set", "lots=2", "--cash", "5000000", "--borrow", "0.6",
        "--placebos", "0",
    )  # fmt: skip
    assert code == 0
    said = record(space)
    assert said["params"]["entry"] == -5
    assert said["params"]["stop"] is None
    assert said["metrics"]["first_session"] == "2026-05-04"
    assert said["metrics"]["last_session"] == "2026-07-31"
    assert said["metrics"]["start_equity"] == 5_000_000
    assert said["conventions"]["borrow fee"].startswith("60.00% a year, a scenario")
    assert "placebo not run; aftershock backtest unlock_short --placebos 99 runs it" in out


def test_no_costs_is_no_borrow_either_unless_given(cli, space):
    cli("backtest", "unlock_short", "--no-costs", "--placebos", "0")
    said = record(space)
    assert (said["metrics"]["fees"], said["metrics"]["borrow"]) == (0.0, 0.0)
    cli("backtest", "unlock_short", "--no-costs", "--borrow", "0.18", "--placebos", "0")
    said = record(space)
    assert said["metrics"]["fees"] == 0.0
    assert said["metrics"]["borrow"] > 0.0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--set", "entyr=-5"], "did you mean 'entry'"),
        (["--set", "entry"], "--set entry=-5"),
        (["--set", "entry=soon"], "entry: Input should be a valid integer"),
        (["--set", "exit=-10"], "exit=-10 must be after entry=-10"),
        (["--borrow", "18"], "0.18 is 18 %"),
        (["--cash", "nan"], "it must be positive"),
        (["--cash", "inf"], "it must be positive"),
        (["--from", "2027-01-04"], "no sessions from 2027-01-04"),
    ],
)
def test_wrong_terms_are_one_sentence(cli, space, typed, said):
    code, _, err = cli("backtest", "unlock_short", *typed)
    assert code == 2
    assert said in err
    assert "Traceback" not in err
    assert not (space / "results" / "latest").exists()


def test_help_lists_a_strategys_own_parameters(cli):
    code, out, _ = cli("backtest", "unlock_short", "--help")
    assert code == 0
    for said in ("entry", "-10", "session at whose open the short is sold", "float | None"):
        assert said in out
    assert "\n\nThe date of an expiry is in the prospectus" in out
    code, out, _ = cli("backtest", "--help")
    assert code == 0
    assert "--check-lookahead" in out


def test_a_sweep_as_typed(cli, space):
    code, out, _ = cli(
        "sweep", "unlock_short", "--grid", "entry=-6:-2:2", "--grid", "exit=-3,4", "--set",
        "stop=none",
    )  # fmt: skip
    assert code == 0
    assert "unlock_short: 5 trials" in out
    assert "1 cell could not run; the first: " in out
    table = pd.read_csv(space / "results" / "latest" / "backtests" / "unlock_short" / "sweep.csv")
    assert len(table) == 6
    best = record(space, "unlock_short-best")["metrics"]
    assert best["end_equity"] - best["start_equity"] == pytest.approx(table["net"].max(), abs=0.01)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ([], "a sweep needs --grid"),
        (["--grid", "entry"], "no axis of a grid"),
        (["--grid", "entry=1:2", "--grid", "entry=3"], "names a parameter twice"),
        (["--grid", "entry=0:1e9"], "100,000 are the most"),
    ],
)
def test_a_wrong_grid_is_one_sentence(cli, space, typed, said):
    code, _, err = cli("sweep", "unlock_short", *typed)
    assert (code, said in err) == (2, True)


# the exchange of aftershock.toml


def exchange(space, lines):
    path = space / "aftershock.toml"
    text = path.read_text()
    path.write_text(text.split("[exchange]")[0] + "[exchange]\n" + lines)
    return Workspace.open(space).exchange()


def test_the_exchange_of_the_settings(space):
    found = exchange(
        space,
        'model = "HKEX"\nparticipation = 0.05\nequity_to_open = 0.6\ntick_rule = false\n'
        "borrow = [[2026-01-08, 0.18], [2026-06-01, 0.4]]\n"
        'slippage = {model = "HalfSpread", spreads = 0.5, bps = 1.0}\n'
        "[exchange.borrowable]\n"
        '"2513.HK" = [[2026-06-08, 1_000_000], [2026-07-08, 200_000]]\n',
    )
    assert found.slippage == ash.exchanges.HalfSpread(0.5, 1.0)
    assert (found.participation, found.equity_to_open, found.tick_rule) == (0.05, 0.6, False)
    rates = [found.borrow_rate(dt.date(2026, *day)) for day in ((1, 8), (5, 31), (6, 1))]
    assert rates == [0.18, 0.18, 0.4]
    lent = [found.available("2513.HK", dt.date(2026, *day)) for day in ((6, 7), (6, 8), (7, 8))]
    assert lent == [0, 1_000_000, 200_000]
    assert found.available("0100.HK", dt.date(2026, 1, 2)) == float("inf")


def test_the_exchange_of_the_settings_runs(cli, space):
    exchange(
        space,
        'model = "HKEX"\nborrow = [[2026-01-08, 0.18], [2026-06-25, 0.4]]\n'
        'slippage = {model = "SquareRoot", coefficient = 0.5}\n'
        '[exchange.borrowable]\n"2513.HK" = [[2026-06-08, 200]]\n"0100.HK" = [[2026-06-08, 0]]\n',
    )
    code, out, _ = cli("backtest", "unlock_short", "--placebos", "0")
    assert code == 0
    assert "no borrow: no lot of 0100.HK can be borrowed on 2026-06-24" in out
    folder = space / "results" / "latest" / "backtests" / "unlock_short"
    orders = pd.read_csv(folder / "orders.csv")
    assert "200 of 400 shares could be had" in orders["reason"].tolist()
    assert record(space)["conventions"]["borrow"].startswith("2513.HK: 200 shares from 2026-06-08")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("slippage = 0.5", "write slippage = {model"),
        ("slippage = {spreads = 0.5}", "write slippage = {model"),
        ('slippage = {model = "HalfSpred"}', "did you mean 'HalfSpread'"),
        ('slippage = {model = "HalfSpread", spread = 0.5}', "did you mean 'spreads'"),
        ('slippage = {model = "HalfSpread", spreads = -1}', "0 or more"),
        ('slippage = {model = "HalfSpread", spreads = "wide"}', "wrong type"),
        ("borrowable = 5", "borrowable is 5"),
        ("borrow = [[2026-01-08T09:30:00, 0.18]]", "write dated values"),
        ("borrow = [[2026-01-08, 18]]", "0.18 is 18 %"),
        ('participation = "all"', "wrong type"),
        ("partcipation = 0.1", "did you mean 'participation'"),
    ],
)
def test_wrong_settings_of_the_exchange_are_one_sentence(space, lines, said):
    with pytest.raises((WorkspaceError, ash.errors.UnknownName)) as caught:
        exchange(space, f'model = "HKEX"\n{lines}\n')
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("order", ["enter_short", "enter_long"])
def test_an_order_without_a_size_names_file_and_line(cli, space, order):
    path = space / "strategies" / "sizeless.py"
    path.write_text(
        "import aftershock as ash\n\n\n"
        "class Sizeless(ash.EventStrategy):\n"
        '    events = ash.select(kind="lockup_expiry")\n\n'
        "    def on_offset(self, event, offset):\n"
        f"        self.{order}(event)\n"
    )
    code, _, err = cli("backtest", "sizeless")
    assert code == 2
    assert f"{path}:8: no size: give weight or lots, one of them" in err
    assert not (space / "results" / "latest").exists()


def test_a_fee_meant_as_percent_is_answered_as_typed(cli):
    code, _, err = cli("backtest", "unlock_short", "--borrow", "18")
    assert code == 2
    assert err == "error: --borrow 18: write a yearly rate as a decimal, 0.18 is 18 %\n"


# content that stops the program, and terms of borrowing from a file


@pytest.mark.parametrize("what", ["sys.exit(0)", "raise KeyboardInterrupt", "raise SystemExit"])
@pytest.mark.parametrize("where", ["file", "call"])
def test_content_that_ends_the_program_is_its_failure(cli, space, what, where):
    """A strategy that calls ``sys.exit(0)`` has not succeeded."""
    path = space / "strategies" / "ending.py"
    path.write_text(
        "import sys\n\nimport aftershock as ash\n\n"
        + (f"{what}\n" if where == "file" else "\n")
        + "class Ending(ash.EventStrategy):\n"
        '    """Ends."""\n\n'
        '    events = ash.select(kind="lockup_expiry")\n\n'
        "    def on_offset(self, event, offset):\n"
        f"        {what}\n",
        "utf-8",
    )
    code, _, err = cli("backtest", "ending", "--placebos", "0")
    assert code == 2
    assert f"strategies/ending.py:{5 if where == 'file' else 12}" in err
    assert err.count("\n") == 1


def test_a_borrow_file_of_the_settings(space):
    (space / "borrow.csv").write_text(
        "ticker,date,rate,shares\n2513.HK,2026-01-08,0.35,1000\n0100.HK,2026-01-08,0.6,\n", "utf-8"
    )
    lent = exchange(space, 'model = "HKEX"\nborrow = 0.1\nborrow_file = "borrow.csv"\n')
    day = dt.date(2026, 6, 8)
    assert [lent.borrow_rate(day, ticker) for ticker in ("2513.HK", "0100.HK", "0700.HK")] == [
        0.35, 0.6, 0.1,
    ]  # fmt: skip
    assert (lent.available("2513.HK", day), lent.available("0100.HK", day)) == (1000, float("inf"))
    assert Workspace.open(space).borrow_file == space / "borrow.csv"
    with pytest.raises(WorkspaceError, match="borrow_file and borrowable say the same twice"):
        exchange(
            space, 'borrow_file = "borrow.csv"\n[exchange.borrowable]\n"A" = [[2026-06-08, 200]]\n'
        )
    with pytest.raises(WorkspaceError, match=r"borrow_file: .*none.csv cannot be read"):
        exchange(space, 'borrow_file = "none.csv"\n')


def test_a_fee_of_the_command_line_is_everyones():
    """``--borrow`` and ``--no-costs`` are not overruled by a file's rates."""
    rates = {"2513.HK": ((dt.date(2026, 1, 8), 0.35),)}
    lent = ash.HKEX(borrow=0.1, borrow_rates=rates)
    day = dt.date(2026, 6, 8)
    assert Terms(borrow=0.2).exchange(lent).borrow_rate(day, "2513.HK") == 0.2
    assert Terms(costs=False).exchange(lent).borrow_rate(day, "2513.HK") == 0.0
    assert Terms().exchange(lent).borrow_rate(day, "2513.HK") == 0.35
