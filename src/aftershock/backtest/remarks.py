"""What a backtest assumed, and what to be wary of, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aftershock.backtest.metrics import SESSIONS_A_YEAR
from aftershock.backtest.orders import FORCED
from aftershock.backtest.span import gap_sentence, sessions_sentence
from aftershock.events.chosen import in_words
from aftershock.formats import counted
from aftershock.prices.comparisons import clashes, hours_apart
from aftershock.prices.quality import touched

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from aftershock.arrays import BoolArray, FloatArray
    from aftershock.backtest.broker import EventBroker
    from aftershock.backtest.run import Backtest
    from aftershock.backtest.stage import Stage
    from aftershock.prices.panel import PricePanel
    from aftershock.prices.quality import Finding

HELD = (
    "the benchmark bought instead, and on the strategy's side, with the same money from the close"
    " before an entry to the last close held; cash in between, without interest on either side"
)
NOT_PUBLISHED = "no published price"
PRICE_INDEX = "a price index, without dividends; it cannot itself be bought"


def conventions(
    backtest: Backtest,
    prices: PricePanel,
    stage: Stage,
    broker: EventBroker,
    equity: pd.DataFrame,
) -> dict[str, str]:
    """Return what was assumed."""
    benchmark = stage.benchmark
    placed, without = stage.agenda.entries, stage.agenda.excluded
    tickers = [entry.event.ticker for entry in placed] + [event.ticker for event, _ in without]
    traded = {record.event for record in broker.records if record.filled}
    sentences = {
        "events": str(backtest.strategy.events),
        "chosen": in_words(entry.event for entry in placed if entry.event.id in traded),
        "sessions": sessions_sentence(prices, tickers, backtest.start, _run_span(equity)),
        "a year": "252 sessions of the calendar, from the first close to the last, gaps included",
        "sessions held": HELD,
        "orders": "decided after a close, filled at the next session's open, whole lots; a stop"
        " is a standing order filled at its level, or at the open beyond it",
        "splits and dividends": "on the ex-date: positions and stops are restated in new shares,"
        " a fraction of a share is settled in cash at the session's open, an order to open stays"
        " one of whole lots; the close before is lowered by what falls due that morning; a"
        " dividend is paid to longs and made good by shorts, by the day of the trade and not of"
        " its settlement; a loan that is still out is owed in new shares; a trade's shares and"
        " prices are those of its last day",
        "capital": f"{backtest.cash:,.0f}; exits fill before entries, entries in order of day 0,"
        " each sized on the equity of the last close",
        "prices": "raw; adjusted prices are for studies",
        "benchmark": f"{benchmark}, {PRICE_INDEX}" if benchmark.startswith("^") else benchmark,
        "risk-free": "0" if prices.risk_free is None else _rate(prices.risk_free),
        "source": prices.origin.source,
        "market data": "yes" if prices.origin.is_market_data else f"no: {prices.origin.notice}",
        **backtest.exchange.conventions(),
    }
    for ticker in sorted({record.ticker for record in broker.records}):
        instrument = broker.instrument(ticker)
        if instrument.is_index:
            sentences[ticker] = "a notional tracker fund: no stamp duty, no lot, any volume"
        elif instrument.shortable_from is not None:
            note = f", inferred: {instrument.shortable_note}" if instrument.shortable_note else ""
            sentences[f"{ticker} shortable from"] = f"{instrument.shortable_from}{note}"
        elif any(r.side == "sell" and r.entering for r in broker.records if r.ticker == ticker):
            sentences[f"{ticker} shortable from"] = "any day, assumed: nothing is known about it"
    return sentences


def _run_span(equity: pd.DataFrame) -> tuple[dt.date, dt.date]:
    days = equity["session"]
    return days.iloc[0].date(), days.iloc[-1].date()


def _rate(risk_free: FloatArray) -> str:
    yearly = (1.0 + float(np.mean(risk_free))) ** SESSIONS_A_YEAR - 1.0
    return f"{yearly:.2%} a year on average; taken off every return before ratios, alpha and beta"


def warnings(
    prices: PricePanel,
    broker: EventBroker,
    equity: pd.DataFrame,
    trades: pd.DataFrame,
    events: pd.DataFrame,
    benchmark: str,
) -> Iterator[str]:
    """Yield what to be wary of, one sentence each."""
    traded = sorted(set(trades["ticker"]))
    if prices.origin.notice:
        yield prices.origin.notice
    yield from prices.notes
    yield from map(str, _flagged(prices, equity, trades, benchmark))
    yield from clashes(prices, traded, [benchmark])
    yield from _other_hours(prices, traded, benchmark, equity)
    if not len(trades):
        yield "no trade was made; the reasons stand with the events and orders"
    yield from broker.remarks
    yield from _stale(broker, trades)
    if broker.ruined:
        yield (
            f"RUINED on {broker.ruined}: the close left no equity, the run stops there and the"
            " figures built on returns are not defined"
        )
    for event in events[events["reason"].str.startswith(NOT_PUBLISHED)].to_dict("records"):
        yield f"{event['id']}: {event['reason']}"
    forced = dict.fromkeys(
        f"{record.ticker} for {record.event}: {record.cause}"
        for record in broker.records
        if record.cause.startswith(FORCED)
    )
    yield from forced
    if traded and not any(_has_volume(prices, ticker) for ticker in traded):
        yield "the prices have no volumes, so a halt with a repeated price cannot be told"
    gaps = gap_sentence(prices, benchmark, _run_span(equity))
    if gaps:
        yield gaps
    span = prices.span(benchmark)
    if span is not None and span[1] < prices.sessions.last:
        yield f"the run ends on {span[1]}, the last session of {benchmark}"
    late = events[events["reason"].str.contains("after the last session")]
    if len(late):
        one, many = "event lies after the run and was", "events lie after the run and were"
        yield f"{counted(len(late), one, many)} not traded"


def _stale(broker: EventBroker, trades: pd.DataFrame) -> Iterator[str]:
    """Yield what open positions are marked at, and how old the marks of others were."""
    for row in trades[trades["open"]].itertuples():
        mark = _marked(broker, str(row.ticker))
        yield f"{row.event} in {row.ticker} is still open at the end, {mark}"
    for ticker, age in broker.oldest.items():
        if broker.ledger.marked[ticker] == broker.session:
            old = counted(age, "session")
            yield f"{ticker} was held over sessions without a close, marked at one up to {old} old"


def _marked(broker: EventBroker, ticker: str) -> str:
    """Return what an open position is marked at, with its age where that is not today's."""
    day = broker.ledger.marked[ticker]
    if day == broker.session:
        return "marked at the last close"
    return f"marked at its close of {day}, {counted(broker.sessions_since(day) - 1, 'session')} old"


def _other_hours(
    prices: PricePanel, traded: list[str], benchmark: str, equity: pd.DataFrame
) -> Iterator[str]:
    """Yield the benchmarks, further ones too, that trade at other hours than a stock."""
    further = [name for name in equity.columns if name in prices.tickers]
    for pair in hours_apart(prices, traded, [benchmark, *further]):
        yield (
            f"{pair.ticker} and {pair.benchmark} share {pair.share:.0%} of their trading hours:"
            " alpha, beta and tracking error compare one date and miss what reaches the other a"
            " session later, so compare with a benchmark of the stock's own hours"
        )


def simulated(prices: PricePanel, events: pd.DataFrame, benchmark: str) -> pd.DataFrame:
    """Return the events, those traded where a study finds no published price with that said.

    A study on a reconstruction leaves out an event without a published close of the stock and
    the benchmark on days -1 and 0. A backtest trades it, on bars that are simulated.
    """
    if prices.published is None:
        return events
    reasons = []
    for row in events.to_dict("records"):
        said = row["reason"]
        if row["status"] == "traded":
            at = prices.sessions.find(row["session"].date())
            said = _not_published(prices.published, prices, at, (row["ticker"], benchmark))
        reasons.append(said)
    return events.assign(reason=reasons)


def _not_published(
    published: BoolArray, prices: PricePanel, at: int | None, tickers: tuple[str, ...]
) -> str:
    if at is None:  # left before its day 0, which the data do not reach
        return ""
    for ticker in tickers:
        for row in (at - 1, at):
            if row >= 0 and not published[row, prices.column(ticker)]:
                return (
                    f"{NOT_PUBLISHED} of {ticker} on {prices.sessions.date(row)}: a study leaves"
                    " the event out, and its fills here are simulated"
                )
    return ""


def _flagged(
    prices: PricePanel, equity: pd.DataFrame, trades: pd.DataFrame, benchmark: str
) -> list[Finding]:
    """Return the flagged bars that the run used: of its trades, and the benchmark's closes."""
    start, end = equity["session"].iloc[0].date(), equity["session"].iloc[-1].date()
    found = touched(prices, benchmark, start, end, closes=True)
    exits = trades["exit_session"].fillna(pd.Timestamp(end)).dt.date
    held = zip(trades["ticker"], trades["entry_session"].dt.date, exits, strict=True)
    for ticker, entry, last in held:
        found += touched(prices, ticker, entry, last, closes=False)
    return list(dict.fromkeys(found))


def _has_volume(prices: PricePanel, ticker: str) -> bool:
    return bool(np.isfinite(prices.volume[:, prices.column(ticker)]).any())
