"""Random markets for rules: what both engines make of one, and whether they are the same."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

import aftershock as ash
from aftershock.backtest.rule import Rule
from aftershock.backtest.rule_account import Leg
from aftershock.backtest.rule_engine import RESTATED, RuleEngine
from aftershock.backtest.strategy import EventStrategy
from aftershock.events.companies import Company
from aftershock.sessions import Sessions

DAYS = Sessions.exchange("XHKG", dt.date(2025, 6, 2), dt.date(2025, 10, 31)).dates[:60]
CASH = 3_000_000
PRICES = ["Open", "High", "Low", "Close"]


class ByEvent(EventStrategy):
    """A rule of its own for every event, each weight times ``scale``."""

    class Params(EventStrategy.Params):
        rules: dict[str, tuple]
        scale: float = 1.0

        def rule(self, event):
            side, entry, leave, stop, weight, lots = self.rules[event.id]
            return Rule(
                side=side,
                entry=entry,
                exit=entry + leave,
                stop=stop,
                weight=None if weight is None else weight * self.scale,
                lots=lots,
            )

    events = ash.select()


def make_prices(seed, halts, violence, actions=0):
    """Return two stocks and an index: halts, missing opens and closes, splits and dividends."""
    rng = np.random.default_rng(seed)
    frames = {}
    for number, ticker in enumerate(("AAA", "BBB", "^IDX")):
        steps = rng.standard_t(3, DAYS.size) * (0.012 if ticker == "^IDX" else violence)
        close = (15.0, 300.0, 20_000.0)[number] * np.exp(np.cumsum(np.clip(steps, -0.6, 0.6)))
        opens = np.r_[close[:1], close[:-1]] * np.exp(rng.normal(0, violence / 2, DAYS.size))
        frame = pd.DataFrame(
            {
                "Open": opens,
                "High": np.maximum(opens, close) * 1.01,
                "Low": np.minimum(opens, close) * 0.99,
                "Close": close,
                "Volume": rng.integers(2_000, 4_000_000, DAYS.size).astype(float),
            },
            index=pd.DatetimeIndex(DAYS, name="Date"),
        )
        if ticker != "^IDX":
            frame = _act(frame, rng, actions)
        frame[PRICES] = frame[PRICES].round((2, 3, 7)[seed % 3]).clip(lower=0.01)
        frames[ticker] = frame if ticker == "^IDX" else _halt(frame, rng, halts)
    return ash.PricePanel.from_frames(frames, calendar="XHKG")


def _act(frame, rng, actions):
    """Put splits and dividends into a stock, its prices restated from each of them on."""
    frame = frame.assign(**{"Dividends": 0.0, "Stock Splits": 0.0})
    for row in rng.choice(np.arange(5, 55), 2 * actions, replace=False)[:actions]:
        ratio = rng.choice([2.0, 0.5, 10.0, 1 / 3, 0.142857, 1.5])
        frame.iloc[row:, :4] /= ratio
        frame.iloc[row, 6] = ratio
    for row in rng.choice(np.arange(5, 55), actions, replace=False):
        if not frame.iloc[row, 6]:
            amount = round(0.0317654 * frame["Close"].iloc[row - 1], 6)
            frame.iloc[row:, :4] *= 1.0 - amount / frame["Close"].iloc[row - 1]
            frame.iloc[row, 5] = amount
    return frame


def _halt(frame, rng, halts):
    gone = (rng.random(DAYS.size) < halts) & (frame.get("Stock Splits", 0.0) == 0.0)
    frame.loc[gone & (rng.random(DAYS.size) < 0.5), "Volume"] = 0.0
    frame.loc[rng.random(DAYS.size) < halts / 5, "Open"] = np.nan
    frame.loc[rng.random(DAYS.size) < halts / 10, "Close"] = np.nan
    return frame[~(gone & (rng.random(DAYS.size) < 0.5))]


def make_book(events):
    """Return events of (ticker, row of day 0, known from the start or not, rule)."""
    rows = [
        {
            "id": f"e{number}",
            "ticker": ticker,
            "kind": "announcement",
            "timing": "pre_open",
            "when": str(DAYS[zero]),
            "known_at": f"{DAYS[0]}T00:00+08:00" if known else f"{DAYS[zero]}T09:00+08:00",
        }
        for number, (ticker, zero, known, _) in enumerate(events)
    ]
    book = ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG")
    lots = {"AAA": 1000, "BBB": 100}
    companies = {t: Company(ticker=t, name=t, lot=lot) for t, lot in lots.items()}
    return ash.EventBook(list(book), companies=companies, calendar="XHKG")


def make_backtest(events, exchange, cash=CASH):
    """Return the backtest of the events' rules."""
    rules = {f"e{number}": rule for number, (*_, rule) in enumerate(events)}
    return ash.Backtest(ByEvent, params={"rules": rules}, exchange=exchange, cash=cash)


def run_arrays(backtest, stage, *, late=0):
    """Return what arrays make of a backtest's rules, ``late`` sessions after they should."""
    engine = RuleEngine(
        stage.panel, stage.agenda, backtest.exchange, stage.instrument, backtest.cash
    )
    params = ByEvent.Params(**backtest.params)
    legs = [
        Leg(
            entry.event.id,
            entry.event.ticker,
            entry.day_zero + late,
            entry.known_from,
            params.rule(entry.event),
        )
        for entry in stage.agenda.entries
    ]
    return engine.run(legs)


def differences(run, reference, stage):
    """Yield where arrays and backtrader differ: equity, fills, shares and every sum of money."""
    sessions = [pd.Timestamp(day) for day in stage.agenda.sessions.dates]
    equity = reference.equity["equity"].to_numpy()
    if run.equity.size != equity.size or (run.equity / 100 != equity).any():
        yield "equity"
    arrays = [_row(trade, sessions) for trade in sorted(run.trades, key=lambda t: t.event)]
    table = reference.trades.sort_values("event")
    columns = ["event", "ticker", "shares", "entry_session", "entry_price", "exit_session",
               "exit_price", "gross", "fees", "borrow", "net", "open"]  # fmt: skip
    rows = [_where_closed(row) for row in table[columns].itertuples(index=False, name=None)]
    if arrays != rows:
        yield f"trades: {arrays} against {rows}"


def _row(trade, sessions):
    money = tuple(cents / 100 for cents in (trade.gross, trade.fees, trade.borrow, trade.net))
    is_open = trade.exit < 0
    leave = (None, None) if is_open else (sessions[trade.exit], trade.exit_price)
    entry = (sessions[trade.entry], trade.entry_price)
    return (trade.event, trade.ticker, trade.shares, *entry, *leave, *money, is_open)


def _where_closed(row):
    return (*row[:5], None, None, *row[7:]) if row[-1] else row


def explains(reason, reference, stage):
    """What is handed over did happen: the reference itself shows it."""
    reasons = " ".join(reference.orders["reason"])
    if reason == RESTATED:
        return restated_while_held(reference, stage)
    if "volume" in reason:
        # what the volume leaves of an order may be refused for equity or unknown impact
        parts = ("could be had", "the volume does not", "no volume", "is below the", "the impact")
        return any(part in reasons for part in parts)
    if "margin" in reason:
        return "margin call" in reasons or bool((reference.equity["equity"] <= 0).any())
    return any(word in reason for word in ("ruined", "impact", "without a close", "interest"))


def restated_while_held(reference, stage):
    """Return whether a split or dividend falls on an order's session or into a trade's loan."""
    panel, sessions = stage.panel, stage.panel.sessions
    acts = (panel.dividend > 0) | ((panel.split > 0) & (panel.split != 1))
    settlement = stage.exchange.settlement
    last = len(sessions) - 1
    spans = []
    for trade in reference.trades.itertuples():
        out = last if trade.open else sessions.position(trade.exit_session.date())
        first = sessions.position(trade.entry_session.date())
        spans.append((trade.ticker, first, out + settlement))
    for order in reference.orders.itertuples():
        row = sessions.position(order.session.date())
        spans.append((order.ticker, row, row + 1))
    return any(acts[first : end + 1, panel.column(name)].any() for name, first, end in spans)
