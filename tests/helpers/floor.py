"""A market made by hand, and a strategy that does at each close what it is told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

import aftershock as ash
from aftershock.backtest.strategy import EventStrategy
from aftershock.events.companies import Company, Shortable
from aftershock.sessions import Sessions

DAYS = Sessions.exchange("XHKG", dt.date(2026, 1, 2), dt.date(2026, 6, 30)).dates[:30]
FREE = ash.exchanges.PlainExchange(bps=0.0, borrow=0.0)


def day(row):
    return DAYS[row].astype("O")


def market(price=100.0, sessions=30, dividends=None, splits=None, **changes):
    """Prices that stand still but where said.

    ``AAA={7: dict(open=99, close=98), 9: None}`` opens row 7 at 99, closes it at 98 and stands
    there from then on, and has no bar on row 9. ``X`` is the index, which stands at 1,000.
    """
    frames = {"^IDX": _bars(1_000.0, sessions, changes.pop("X", {}))}
    for ticker in dict.fromkeys(("AAA", "BBB", *changes)):
        frame = _bars(price, sessions, changes.get(ticker, {}))
        if (splits or {}).get(ticker):
            frame["Stock Splits"] = 0.0
            for row, ratio in splits[ticker].items():
                frame.loc[pd.Timestamp(DAYS[row]), "Stock Splits"] = ratio
        if (dividends or {}).get(ticker):
            frame["Dividends"] = 0.0
            for row, amount in dividends[ticker].items():
                frame.loc[pd.Timestamp(DAYS[row]), "Dividends"] = amount
        frames[ticker] = frame
    return ash.PricePanel.from_frames(frames, calendar="XHKG")


def _bars(price, sessions, changes):
    rows, gone = [], []
    for row in range(sessions):
        change = changes.get(row, {})
        if change is None:
            gone.append(row)
            change = {}
        opened = change.get("open", price)
        close = change.get("close", opened)
        rows.append(
            (opened, change.get("high", max(opened, close)), change.get("low", min(opened, close)),
             close, change.get("volume", 1_000_000.0))
        )  # fmt: skip
        price = close
    frame = pd.DataFrame(
        rows,
        columns=["Open", "High", "Low", "Close", "Volume"],
        index=pd.DatetimeIndex(DAYS[:sessions], name="Date"),
    )
    return frame.drop(frame.index[gone])


class Script(EventStrategy):
    """``plan`` has (row, event, what to do): it is done after the close of the row."""

    class Params(EventStrategy.Params):
        plan: list[Any]

    p: Params
    events = ash.select()

    def on_offset(self, event, offset):
        for row, name, act in self.p.plan:
            if (row, name) == (self.broker.position, event.id):
                act(self, event)


def sell(lots=None, **options):
    return lambda strategy, event: strategy.enter_short(event, lots=lots, **options)


def buy(lots=None, **options):
    return lambda strategy, event: strategy.enter_long(event, lots=lots, **options)


def leave(strategy, event):
    strategy.leave(event)


def events(*rows):
    """Events by id and ticker, of day 0 on row 20, known from the start."""
    rows = rows or (("x", "AAA"),)
    table = [
        {"id": name, "ticker": ticker, "kind": "announcement", "timing": "pre_open",
         "when": str(DAYS[20]), "known_at": "2025-01-01"}
        for name, ticker in rows
    ]  # fmt: skip
    return ash.EventBook.from_frame(pd.DataFrame(table), calendar="XHKG")


def with_companies(book, lot=1, shortable=None):
    """Give every ticker a lot and, where said, a first day on which it can be sold short."""
    since = Shortable(date=shortable) if shortable else None
    companies = {
        ticker: Company(ticker=ticker, name=ticker, lot=lot, shortable_from=since)
        for ticker in {event.ticker for event in book} | {"AAA", "BBB"}
    }
    return ash.EventBook(list(book), companies=companies, calendar="XHKG")


def play(prices, *plan, exchange=FREE, cash=1_000_000, book=None, **said):
    """Run a plan; steps that name no event are the first's, ``x``."""
    steps = [step if len(step) == 3 else (step[0], "x", step[1]) for step in plan]
    book = with_companies(book or events(), **said)
    return ash.Backtest(Script, params={"plan": steps}, exchange=exchange, cash=cash).run(
        book, prices, benchmark="^IDX"
    )


def hkex(**options):
    """Hong Kong without charges, borrow fee and limit of volume, but where said."""
    return ash.HKEX(**{"costs": False, "borrow": 0.0, "participation": None, **options})


def orders(result):
    """Every order in a tuple: side, kind, status, filled, row of the fill, price, reason."""
    rows = {np.datetime64(d): i for i, d in enumerate(DAYS)}
    return [
        (o.side, o.kind, o.status, o.filled,
         None if pd.isna(o.fill_session) else rows[np.datetime64(o.fill_session.date())],
         None if np.isnan(o.fill_price) else o.fill_price, o.reason)
        for o in result.orders.itertuples()
    ]  # fmt: skip
