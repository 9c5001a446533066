"""Whatever is traded, at whatever prices: the books add up, and nothing happens too early."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from floor import with_companies
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import aftershock as ash
from aftershock.backtest.strategy import EventStrategy
from aftershock.sessions import Sessions

DAYS = Sessions.exchange("XHKG", dt.date(2025, 6, 2), dt.date(2025, 10, 31)).dates[:40]
TICKERS = ("AAA", "BBB")
CASH = 3_000_000


class Whim(EventStrategy):
    """Does at each offset what a table says, in one ticker or in both."""

    class Params(EventStrategy.Params):
        plans: dict[str, dict[int, tuple]]

    p: Params
    events = ash.select()

    def on_offset(self, event, offset):
        if offset not in self.p.plans[event.id]:
            return
        what, other, weight, stop = self.p.plans[event.id][offset]
        ticker = TICKERS[other]
        if what == "leave":
            self.leave(event, None if other else event.ticker)
        elif what == "pair":
            first = self.enter_short(event, weight=weight, stop=stop)
            if first is not None:
                self.enter_long(event, ticker, weight=weight, after=first)
        else:
            enter = self.enter_short if what == "short" else self.enter_long
            enter(event, ticker, weight=weight, stop=stop)


def make_frames(seed, halts, violence, actions):
    rng = np.random.default_rng(seed)
    frames = {}
    for number, ticker in enumerate((*TICKERS, "^IDX")):
        own = 0.01 if ticker == "^IDX" else violence
        steps = np.clip(rng.standard_t(3, DAYS.size) * own, -0.7, 0.7)
        close = (15.0, 300.0, 20_000.0)[number] * np.exp(np.cumsum(steps))
        opened = np.r_[close[:1], close[:-1]] * np.exp(rng.normal(0, own / 2, DAYS.size))
        frame = pd.DataFrame(
            {"Open": opened, "High": np.maximum(opened, close) * 1.01,
             "Low": np.minimum(opened, close) * 0.99, "Close": close,
             "Volume": rng.integers(2_000, 4_000_000, DAYS.size).astype(float),
             "Dividends": 0.0, "Stock Splits": 0.0},
            index=pd.DatetimeIndex(DAYS, name="Date"),
        )  # fmt: skip
        if ticker != "^IDX":
            _act(frame, rng, actions)
            gone = rng.random(DAYS.size) < halts
            frame.loc[gone & (rng.random(DAYS.size) < 0.5), "Volume"] = 0.0
        prices = ["Open", "High", "Low", "Close"]
        decimals = 2 if ticker == "^IDX" else (2, 4, 6)[seed % 3]
        frame[prices] = frame[prices].round(decimals).clip(lower=0.01)
        if ticker != "^IDX":
            frame.loc[rng.random(DAYS.size) < halts / 3, "Open"] = np.nan
        frames[ticker] = frame
    return frames


def _act(frame, rng, actions):
    if actions:
        frame.iloc[rng.integers(5, 35), 5] = round(0.0217654 * frame["Close"].iloc[0], 6)
        row, ratio = rng.integers(5, 35), rng.choice([2.0, 0.5, 10.0, 1 / 3, 0.142857, 1.5])
        frame.iloc[row, 6] = ratio
        frame.iloc[row:, :4] /= ratio


def make_panel(*args):
    return ash.PricePanel.from_frames(make_frames(*args), calendar="XHKG")


def make_book(events):
    rows = [
        {"id": f"e{number}", "ticker": TICKERS[ticker], "kind": "announcement",
         "timing": "pre_open", "when": str(DAYS[zero]),
         "known_at": f"{DAYS[max(zero - lead, 0)]}T12:00+08:00"}
        for number, (ticker, zero, lead, _) in enumerate(events)
    ]  # fmt: skip
    return with_companies(ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG"), lot=100)


def run(events, panel, exchange, cash=CASH):
    plans = {f"e{number}": plan for number, (*_, plan) in enumerate(events)}
    return ash.Backtest(Whim, params={"plans": plans}, exchange=exchange, cash=cash).run(
        make_book(events), panel, benchmark="^IDX"
    )


act = st.tuples(
    st.sampled_from(["short", "short", "long", "pair", "leave"]), st.integers(0, 1),
    st.sampled_from([0.05, 0.4, 1.5]), st.sampled_from([None, 0.05, 0.3]),
)  # fmt: skip
plans = st.dictionaries(st.integers(-15, 15), act, min_size=1, max_size=6)
events = st.lists(
    st.tuples(st.integers(0, 1), st.integers(5, 35), st.integers(0, 20), plans),
    min_size=1, max_size=4,
)  # fmt: skip
worlds = st.tuples(
    st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.15]), st.sampled_from([0.02, 0.09]),
    st.booleans(),
)  # fmt: skip
lenders = st.sampled_from(
    [{}, {"AAA": ((DAYS[0].astype("O"), 100_000.0), (DAYS[20].astype("O"), 20_000.0))}]
)
exchanges = st.builds(
    ash.HKEX,
    tick_rule=st.booleans(), borrow=st.sampled_from([0.0, 0.6]), borrowable=lenders,
    participation=st.sampled_from([None, 0.1]), equity_to_hold=st.sampled_from([0.0, 0.3, 0.5]),
    slippage=st.sampled_from([None, ash.exchanges.HalfSpread(), ash.exchanges.SquareRoot(0.5)]),
) | st.builds(
    ash.exchanges.PlainExchange, bps=st.just(7.3), borrow=st.just(0.2),
    interest=st.sampled_from([0.0, 0.031]), rebate=st.sampled_from([0.0, -0.004]),
)  # fmt: skip

check = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip


@settings(check, max_examples=50)
@given(events, worlds, exchanges)
def test_the_books_add_up(events, world, exchange):
    panel = make_panel(*world)
    result = run(events, panel, exchange)
    table = result.equity
    cents = (100 * table[["equity", "cash", "long", "short", "accrued"]]).round().astype("int64")
    stated = cents["cash"] + cents["long"] - cents["short"] - cents["accrued"]
    assert (cents["equity"] == stated).all()
    assert _held_is_worth_what_is_stated(result, panel, cents)
    earned = round(100 * result.trades["net"].sum()) if len(result.trades) else 0
    interest = round(100 * result.metrics["interest"])
    assert earned + interest == cents["equity"].iloc[-1] - CASH * 100
    assert (result.costs["amount"] > 0).all()
    assert (result.trades["fees"] >= 0).all()
    assert (result.trades["borrow"] >= 0).all()
    assert (table["accrued"] >= 0).all()
    charged = result.trades["fees"].sum() + result.trades["borrow"].sum()
    assert result.costs["amount"].sum() == pytest.approx(charged, abs=0.005)
    assert _nothing_too_early(events, result, panel)


@settings(check, max_examples=10)
@given(events, worlds, exchanges)
def test_a_second_run_is_the_first_again(events, world, exchange):
    panel = make_panel(*world)
    plans = {f"e{number}": plan for number, (*_, plan) in enumerate(events)}
    backtest = ash.Backtest(Whim, params={"plans": plans}, exchange=exchange, cash=CASH)
    one, two = (backtest.run(make_book(events), panel, benchmark="^IDX") for _ in range(2))
    for name in ("equity", "orders", "trades", "costs", "positions", "events"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    assert (one.metrics, one.warnings) == (two.metrics, two.warnings)


def _held_is_worth_what_is_stated(result, panel, cents):
    """Shares of the positions table, at the last close there was, are long and short.

    A position is rounded to the cent, and its shares are of their own day.
    """
    marks = pd.DataFrame(panel.close, columns=list(panel.tickers)).ffill()
    row_of = {pd.Timestamp(one): row for row, one in enumerate(panel.sessions.dates)}
    worth = {"long": np.zeros(len(cents)), "short": np.zeros(len(cents))}
    trades = np.zeros(len(cents))
    for held in result.positions.itertuples():
        row = row_of[held.session]
        side = "long" if held.shares > 0 else "short"
        worth[side][row] += abs(held.shares) * marks[held.ticker].iloc[row]
        trades[row] += 1
    return all(
        (np.abs(100 * worth[side] - cents[side]) <= 0.51 * trades + 1e-3).all() for side in worth
    )


def _nothing_too_early(events, result, panel):
    known = {f"e{number}": max(zero - lead, 0) for number, (_, zero, lead, _) in enumerate(events)}
    row_of = {pd.Timestamp(one): row for row, one in enumerate(panel.sessions.dates)}
    for order in result.orders.itertuples():
        decided = row_of[order.session]
        assert decided >= known[order.event]
        assert order.filled <= order.shares
        if "in lieu" in order.reason:  # on the day of the split itself, halted or not
            continue
        if order.filled:
            row, column = row_of[order.fill_session], panel.column(order.ticker)
            forced = "recalled" in order.reason
            assert row > decided or order.kind == "stop" or (forced and row >= decided)
            assert row >= decided
            assert panel.volume[row, column] > 0
            assert np.isfinite(panel.open[row, column])
        else:
            assert order.status in ("rejected", "expired", "cancelled", "pending")
            assert order.reason or order.status == "pending"
    return True


@settings(check, max_examples=15)
@given(worlds, st.integers(1, 38), st.sampled_from([0.05, 0.5, 1.5]), exchanges)
def test_opening_a_short_moves_equity_only_by_its_costs(world, row, weight, exchange):
    """The session of the fill closes at the fill: what is missing is what was charged."""
    frames = make_frames(*world[:3], False)
    still = {"slippage": None, "borrowable": {}, "interest": 0.0, "rebate": 0.0}
    exchange = dataclasses.replace(exchange, **still)
    event = (0, 20, 20, {row - 20: ("short", 0, weight, None)})
    for name in ("Open", "High", "Low", "Close"):
        frames["AAA"].iloc[row, frames["AAA"].columns.get_loc(name)] = 15.0
    panel = ash.PricePanel.from_frames(frames, calendar="XHKG")
    result = run([event], panel, exchange)
    before, after = result.equity["equity"].iloc[row - 1 : row + 1]
    day = pd.Timestamp(DAYS[row])
    paid = result.costs.loc[result.costs["session"] == day, "amount"].sum()
    assert after == pytest.approx(before - paid, abs=1e-6)


@settings(check, max_examples=15)
@given(events, worlds, st.sampled_from([2.0, 4.0, 0.5]))
def test_without_costs_ticks_and_lots_money_scales_with_prices(events, world, factor):
    """Prices and cash times a power of two, the same shares: every sum of money scales.

    Each value is rounded to the cent, in both runs: it holds to a cent a fill and mark.
    """
    frames = make_frames(*world)
    big = {
        ticker: frame.assign(
            **{name: frame[name] * factor for name in ("Open", "High", "Low", "Close", "Dividends")}
        )
        for ticker, frame in frames.items()
    }
    exchange = ash.exchanges.PlainExchange(costs=False, borrow=0.3)
    runs = [
        run(events, ash.PricePanel.from_frames(part, calendar="XHKG"), exchange, cash)
        for part, cash in ((frames, CASH), (big, CASH * factor))
    ]
    one, two = (found.equity["equity"].to_numpy() for found in runs)
    assert len(one) == len(two)
    fills = len(runs[0].orders) + len(runs[0].trades) + 1
    rounded = 0.01 * fills * (1 + factor)
    np.testing.assert_allclose(two, factor * one, atol=rounded, rtol=0)
    assert runs[0].orders["filled"].tolist() == runs[1].orders["filled"].tolist()


@settings(check, max_examples=15)
@given(events, worlds, exchanges, st.integers(6, 36))
def test_cutting_the_data_changes_nothing_before(events, world, exchange, row):
    panel = make_panel(*world)
    whole = run(events, panel, exchange)
    cut = run(events, panel.between(None, DAYS[row].astype("O")), exchange)
    rows = min(len(cut.equity), len(whole.equity))
    assert len(cut.equity) == min(row + 1, len(whole.equity))
    columns = ["cash", "long", "short", "accrued", "equity"]
    assert cut.equity[columns].equals(whole.equity[columns].iloc[:rows])
    day = pd.Timestamp(DAYS[row])
    decided = ["session", "event", "ticker", "side", "kind"]
    limits = {"kind": {"limit": "market"}}  # what the tick rule makes of an order, a session later
    before = whole.orders[whole.orders["session"] <= day][decided].replace(limits)
    assert sorted(map(tuple, cut.orders[decided].replace(limits).to_numpy().tolist())) == sorted(
        map(tuple, before.to_numpy().tolist())
    )


def test_the_worlds_have_what_they_promise():
    """Margin calls, recalls, partial fills, dividends and splits do occur in these runs."""
    said, items = "", set()
    for seed in range(12):
        event = (0, 15, 15, {-5: ("short", 0, 1.5, None), 9: ("leave", 0, 0.1, None)})
        other = (1, 18, 18, {-5: ("short", 1, 0.4, 0.05), 8: ("leave", 0, 0.1, None)})
        exchange = ash.HKEX(
            participation=0.1, equity_to_hold=0.5, tick_rule=False,
            borrowable={"AAA": ((DAYS[0].astype("O"), 1e6), (DAYS[20].astype("O"), 20_000.0))},
        )  # fmt: skip
        result = run([event, other], make_panel(seed, 0.15, 0.09, True), exchange)
        said += " ".join(result.orders["reason"])
        items |= set(result.costs["item"])
    for word in ("margin call", "recalled", "could be had", "halted"):
        assert word in said
    assert {"dividend", "borrow", "stamp duty"} <= items
