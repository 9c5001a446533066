"""Sweeps: grids as typed, cells refused, processes, and cells that are what backtrader says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from floor import day, events, market, with_companies
from pydantic import Field

import aftershock as ash
from aftershock.backtest.rule import Rule
from aftershock.backtest.strategy import EventStrategy
from aftershock.backtest.sweep import MOST_CELLS, grid_values, read_value
from aftershock.backtest.trials import Plan, run_all
from aftershock.errors import BacktestError

WAVES = market(
    AAA={row: {"open": 100.0 + 9 * np.sin(row), "close": 100.0 + 9 * np.sin(row + 0.5)}
         for row in range(30)}
)  # fmt: skip
BOOK = with_companies(events())
EXCHANGE = ash.HKEX(participation=None)


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("entry=-3:-1", (-3, -2, -1)),
        ("exit=0:20:5", (0, 5, 10, 15, 20)),
        ("exit=0:19:5", (0, 5, 10, 15)),
        ("stop=0.1:0.3:0.1", (0.1, 0.2, 0.3)),
        ("stop=0.1,0.2,none", (0.1, 0.2, None)),
        (" stop = 0.1 , None ", (0.1, None)),
        ("neutral=cash,beta", ("cash", "beta")),
        ("flag=true,False", (True, False)),
        ("entry=4", (4,)),
        ("entry=4,4", (4,)),
    ],
)
def test_an_axis_as_typed(said, values):
    name, found = grid_values(said)
    assert name == said.split("=")[0].strip()
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("entry", "no axis"), ("entry=", "no axis"), ("=1:2", "no axis"), ("entry=1:2:0", "no axis"),
        ("entry=1:2:3:4", "no axis"), ("entry=a:b", "no axis"), ("entry=1,,2", "no axis"),
        ("entry=true:3", "no axis"), ("entry=1:inf", "no axis"), ("entry=nan:2", "no axis"),
        ("entry=3:1", "has no value"), ("entry=1:1e12", "are the most"),
    ],
)  # fmt: skip
def test_what_is_no_axis(said, reason):
    with pytest.raises(BacktestError, match=reason):
        grid_values(said)


def test_values_as_typed():
    typed = ("5", "-5", "0.5", "none", "TRUE", "cash")
    assert [read_value(said) for said in typed] == [5, -5, 0.5, None, True, "cash"]


def swept(root, grid, prices=WAVES, **options):
    backtest = ash.Backtest(
        root / "strategies" / "unlock_short.py", exchange=EXCHANGE, cash=1_000_000,
        params={"lots": 500, "stop": 0.06},
    )  # fmt: skip
    return backtest, backtest.sweep(unlocks(), prices, benchmark="^IDX", grid=grid, **options)


def unlocks():
    table = pd.DataFrame(
        [{"id": "x", "ticker": "AAA", "kind": "lockup_expiry", "when": str(day(20)),
          "known_at": "2025-01-01"}]
    )  # fmt: skip
    return with_companies(ash.EventBook.from_frame(table, calendar="XHKG"))


def test_every_cell_is_what_backtrader_says(root):
    backtest, sweep = swept(root, {"entry": (-6, -3, 2), "exit": (-1, 4, 9), "stop": (0.05, None)})
    assert len(sweep.table) == 18
    assert set(sweep.table["engine"]) == {"arrays", ""}
    for row in sweep.table.itertuples():
        stop = None if row.stop == "none" else float(row.stop)
        cell = {"entry": row.entry, "exit": row.exit, "stop": stop}
        if row.exit <= row.entry:
            assert f"exit={row.exit} must be after entry={row.entry}" in row.note
            assert np.isnan(row.net)
            continue
        direct = backtest.with_params({**backtest.params, **cell}).run(
            unlocks(), WAVES, benchmark="^IDX"
        )
        assert row.net == round(direct.trades["net"].sum(), 2)
        assert row.trades == len(direct.trades)
    refused = sweep.table["net"].isna()
    assert refused.sum() == 2
    assert "2 cells could not run; the first: " in sweep.summary()
    assert "The 5 best and the 5 worst" in sweep.summary()


def test_best_and_worst_go_through_backtrader_and_are_their_cells(root):
    _, sweep = swept(root, {"entry": (-6, -3), "exit": (1, 4, 9)})
    nets = sweep.table["net"]
    for result, extreme in ((sweep.best, nets.max()), (sweep.worst, nets.min())):
        assert round(result.trades["net"].sum(), 2) == extreme
        row = sweep.table.loc[nets == extreme].iloc[0]
        assert (result.params["entry"], result.params["exit"]) == (row.entry, row.exit)
    assert sweep.reported.params["entry"] == -10


def test_the_choice_of_the_best_is_paid_for(root):
    _, sweep = swept(root, {"entry": (-6, -3), "exit": (1, 4, 9)})
    assert sweep.trials == 6
    deflated = sweep.best.luck.set_index("check").loc["deflated sharpe"]
    assert "ten" in deflated["note"] or "no inference" in deflated["note"]


class Daily(EventStrategy):
    """Decides day by day, so only backtrader can run it."""

    class Params(EventStrategy.Params):
        entry: int = Field(-3, le=0, description="entry")
        stop: float | None = None

        def rule(self, event):
            return Rule(entry=self.entry, exit=5, lots=500, stop=self.stop)

    p: Params
    events = ash.select()

    def on_offset(self, event, offset):
        EventStrategy.on_offset(self, event, offset)


class Plain(Daily):
    """The same, as a rule."""

    on_offset = EventStrategy.on_offset


def test_the_processes_say_what_the_arrays_say(tmp_path):
    """A strategy that decides day by day runs in processes, to the same cent."""
    path = tmp_path / "daily.py"
    path.write_text(DAILY)
    grid = {"entry": (-8, -5, -3, -2, 0, 3), "stop": (0.05, None)}
    pooled = ash.Backtest(path, exchange=EXCHANGE).sweep(
        BOOK, WAVES, benchmark="^IDX", grid=grid, jobs=2
    )
    arrays = ash.Backtest(Plain, exchange=EXCHANGE).sweep(BOOK, WAVES, benchmark="^IDX", grid=grid)
    assert set(pooled.table["engine"]) == {"backtrader", ""}
    assert set(arrays.table["engine"]) == {"arrays", ""}
    assert pooled.table["note"].iloc[0] == "the strategy decides day by day"
    columns = ["entry", "trades", "net", "total_return", "sharpe"]
    assert pooled.table[columns].equals(arrays.table[columns])
    assert pooled.table["net"].notna().sum() == 10
    assert len(set(pooled.table["net"].dropna())) > 5


DAILY = """
import aftershock as ash
from pydantic import Field
from aftershock.backtest.rule import Rule
class Daily(ash.EventStrategy):
    class Params(ash.EventStrategy.Params):
        entry: int = Field(-3, le=0)
        stop: float | None = None
    p: Params
    events = ash.select()
    def on_offset(self, event, offset):
        if offset == self.p.entry:
            self.enter_short(event, lots=500, stop=self.p.stop)
        elif offset == 5:
            self.leave(event)
"""


def test_what_the_arrays_cannot_do_goes_to_backtrader_with_the_reason(root):
    prices = market(AAA={25: {"open": 50.0}}, splits={"AAA": {25: 2.0}})
    _, sweep = swept(root, {"entry": (-3,), "exit": (1, 9)}, prices=prices)
    assert sweep.table["engine"].tolist() == ["arrays", "backtrader"]
    assert sweep.table["note"].tolist() == ["", "a split or a dividend falls into a trade"]


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ({}, "a sweep needs a grid"),
        ({"entry": ()}, "a sweep needs a grid"),
        ({"entry": (6,)}, "no cell of the grid can run; the first: "),
        ({"entyr": (1,)}, "no cell of the grid can run; .* did you mean 'entry'"),
        ({"entry": range(MOST_CELLS + 1)}, "100,000 are the most"),
    ],
)
def test_a_grid_that_cannot_run_is_refused(root, grid, said):
    with pytest.raises(BacktestError, match=said):
        swept(root, grid)


class Fall(EventStrategy):
    class Params(EventStrategy.Params):
        lots: int = 10
        side: str = "short"

        def rule(self, event):
            return Rule(side=self.side, entry=-1, exit=1, lots=self.lots)

    events = ash.select()


def test_a_placebo_of_a_strategy_by_hand():
    """The stock falls by 10 within row 20 alone, so a short over it earns it and no other does.

    Entry at -1, exit at 1: from the open of a row to the open two rows later. Those that start
    on rows 19 and 20 hold over the fall. Closes stand on 30 rows, so that 29 have one before;
    a start on the last two goes on with the first rows, at 90, where nothing moves.
    """
    prices = market(AAA={20: {"open": 100.0, "close": 90.0}})
    backtest = ash.Backtest(Fall, exchange=ash.exchanges.PlainExchange(bps=0.0, borrow=0.0))
    result = backtest.run(BOOK, prices, benchmark="^IDX")
    assert result.trades["net"].tolist() == [100.0]
    row = result.luck.iloc[0]
    made = sorted(result.placebo["net"], reverse=True)
    assert made == [100.0] * 2 + [0.0] * 27
    assert (row["p_value"], row["floor"]) == (pytest.approx(2 / 29), pytest.approx(1 / 29))
    assert row["one_day_floor"] == pytest.approx(3 / 29)
    assert row["note"].startswith("1 trade in 1 cluster; all 29 assignments on the ring")
    said = result.summary()
    assert "n = 1: no inference; placebo p = 0.069 (floor 0.034, of one day 0.103)" in said


def test_the_best_of_a_grid_is_compared_with_the_best_of_the_grid():
    """The stock falls by 6 on row 5 too, and by 10 on row 20: two starts hold over each.

    The best of the grid, 20 shares short, earns 120 over the first and 200 over the second.
    The cell that earns 100 is reached by all four, the best by its own two; a cell that loses
    is beaten every time.
    """
    prices = market(AAA={5: {"open": 100.0, "close": 94.0}, 20: {"open": 94.0, "close": 84.0}})
    backtest = ash.Backtest(Fall, exchange=ash.exchanges.PlainExchange(bps=0.0, borrow=0.0))
    grid = {"lots": (10, 20), "side": ("short", "long")}
    sweep = backtest.sweep(BOOK, prices, benchmark="^IDX", grid=grid, placebos=999)
    assert sweep.table["net"].tolist() == [100.0, -100.0, 200.0, -200.0]
    assert sweep.table["p_value"].tolist() == pytest.approx([4 / 29, 1.0, 2 / 29, 1.0])
    said = sweep.summary()
    assert "Every cell, the best first" in said
    assert (
        "Best of all: p = 0.069 among the best of as many cells with the events elsewhere" in said
    )
    assert "1 trade in 1 cluster; all 29 assignments on the ring" in said
    assert "run for the whole grid" in said
    assert "not run" not in said


RISE = market(AAA={row: {"open": 100.0 + 2 * row} for row in range(30)})


@pytest.mark.parametrize(
    ("options", "lots", "said"),
    [
        ({}, 15_000, "a margin call"),
        ({"equity_to_open": 0.1, "equity_to_hold": 0.0}, 30_000, "the account is ruined"),
        ({"participation": 0.1}, 200_000, "an order is beyond the share of volume"),
        ({"borrowable": {"AAA": ((day(0), 1e9),)}}, 10, "shares that can be borrowed are limited"),
        ({"borrow": ((day(25), 0.18),)}, 10, "a borrow rate is not on record"),
    ],
)
def test_what_the_account_decides_is_handed_over(root, options, lots, said):
    """The stock rises by 2 a session from 100; entry at 112 after a close of 110."""
    exchange = ash.exchanges.PlainExchange(**{"bps": 0.0, "borrow": 0.0, **options})
    backtest = ash.Backtest(
        root / "strategies" / "unlock_short.py", exchange=exchange, cash=1_000_000,
        params={"lots": lots, "stop": None, "entry": -14, "exit": 9},
    )  # fmt: skip
    stage = backtest.stage(unlocks(), RISE, benchmark="^IDX")
    plans = [Plan(backtest.params)]
    if "on record" in said:
        with pytest.raises(BacktestError, match="no borrow rate on 2026-01-14"):
            run_all(backtest, stage, plans)
        return
    (trial,) = run_all(backtest, stage, plans)
    assert (trial.engine, trial.note.startswith(said)) == ("backtrader", True)
    direct = backtest.run(unlocks(), RISE, benchmark="^IDX")
    assert trial.profit == pytest.approx(direct.trades["net"].sum(), abs=0.001)
