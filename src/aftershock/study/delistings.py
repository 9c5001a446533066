"""Stocks that stop trading: their final value where it is known, a warning by name either way.

A delisted stock has no return after its last close, so that means over the survivors are too
high (Shumway 1997, *Journal of Finance* 52(1): about -30 % is missing where a stock was delisted
for performance). A final value is the close of the first session without trading.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from aftershock.events.kinds import Delisting
from aftershock.formats import counted
from aftershock.prices.panel import PricePanel
from aftershock.study.fit import cumulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aftershock.arrays import FloatArray
    from aftershock.prices.panel import ReturnKind
    from aftershock.prices.returns import ReturnPanel
    from aftershock.study.models import Design
    from aftershock.study.pooling import Member
    from aftershock.study.run import Records
    from aftershock.study.study import Study
    from aftershock.study.subject import Subject
    from aftershock.study.units import Diary, Unit
    from aftershock.study.windows import Window


@dataclass(frozen=True, slots=True)
class Final:
    """What a share of a delisted stock was worth in the end.

    Attributes
    ----------
    last
        Row of the last close.
    row
        Row that the final value is the close of.
    ratio
        Final value over last close.
    """

    last: int
    row: int
    ratio: float

    def closes(self, close: FloatArray) -> FloatArray:
        """Return closes, shape (S,), with the final value among them."""
        whole = close.copy()
        whole[self.row] = close[self.last] * self.ratio
        return whole

    def after_close(self, y: FloatArray, kind: ReturnKind) -> FloatArray:
        """Return returns, shape (S,), with the final one, if the session before has a close."""
        whole = y.copy()
        if self.row == self.last + 1:
            whole[self.row] = self.ratio - 1.0 if kind == "simple" else np.log(self.ratio)
        return whole

    def closing(self, y: FloatArray, design: Design) -> tuple[FloatArray, Design]:
        """Return returns and right-hand side with nothing held after the final value."""
        over = np.arange(y.size) > self.row
        return np.where(over, 0.0, y), replace(
            design,
            fixed=np.where(over, 0.0, design.fixed),
            regressors=np.where(over[:, None], 0.0, design.regressors),
            span=np.where(over, 0.0, design.sessions),
        )


def final_values(
    diary: Diary, prices: PricePanel | ReturnPanel, kind: ReturnKind
) -> dict[str, Final]:
    """Return the final values that the book's delistings give, by ticker."""
    read = _readings(diary, prices, kind)
    return {event.ticker: final for event, final in read if isinstance(final, Final)}


def final_doubts(diary: Diary, prices: PricePanel | ReturnPanel, kind: ReturnKind) -> Iterator[str]:
    """Yield why a final value is not used, one sentence for each delisting."""
    for event, final in _readings(diary, prices, kind):
        if isinstance(final, str):
            yield f"{event.id}: its final value is not used: {final}"


def _readings(
    diary: Diary, prices: PricePanel | ReturnPanel, kind: ReturnKind
) -> Iterator[tuple[Delisting, Final | str]]:
    """Yield each delisting that gives a final value with that value, or why it is not used."""
    for event in diary.book:
        if not isinstance(event, Delisting) or event.exclude or event.ticker not in prices.tickers:
            continue
        if event.value is None and event.percent is None:
            continue
        final = _read(event, diary, prices, kind)
        if final is not None:
            yield event, final


def _read(
    event: Delisting, diary: Diary, prices: PricePanel | ReturnPanel, kind: ReturnKind
) -> Final | str | None:
    """Return a final value, why it is not used, or None where the prices end before it."""
    if not isinstance(prices, PricePanel):
        return "it needs prices, and the panel holds returns only"
    zero = diary.zeros[event.id]
    if zero.session is None or zero.last is not None:
        return "it needs the day of the delisting"
    last = last_close(prices, event.ticker)
    if last is None and zero.session > prices.sessions.last:
        return None
    at = prices.sessions.find(zero.session)
    if last is None or at is None or at < last:
        return f"{event.ticker} has closes after it"
    close = float(prices.close[last, prices.column(event.ticker)])
    ratio = 1.0 + (event.percent or 0.0) / 100.0 if event.value is None else event.value / close
    if ratio <= 0 and kind == "log":
        return 'a value of 0 has no log return (write returns="simple")'
    return Final(last, max(at, last + 1), ratio)


def last_close(prices: PricePanel | ReturnPanel, ticker: str) -> int | None:
    """Return the row of a ticker's last close where its sessions go on, else None."""
    if not isinstance(prices, PricePanel):
        return None
    traded = np.flatnonzero(np.isfinite(prices.close[:, prices.column(ticker)]))
    last = int(traded[-1]) if traded.size else -1
    return None if last in {-1, len(prices.sessions) - 1} else last


def stop_note(subject: Subject, unit: Unit, at: int, window: Window) -> str:
    """Return that a stock stops trading inside its event window, empty where it does not."""
    sessions = subject.prices.sessions
    for ticker in unit.tickers:
        last = last_close(subject.prices, ticker)
        if last is not None and at - 1 <= last < min(at + window.end, len(sessions) - 1):
            return (
                f"{ticker} has no close after {sessions.date(last)}, and sessions go on to"
                f" {sessions.last}"
            )
    return ""


def stops(study: Study, records: Records, groups: Mapping[str, Sequence[Member]]) -> Iterator[str]:
    """Yield, window by window, which stocks stop trading in it and the mean over the others."""
    prices = records.subject.prices
    fitted = [record.unit for record in records.items if record.fit is not None]
    lasts = {ticker: last_close(prices, ticker) for unit in fitted for ticker in unit.tickers}
    ends = {unit.id: _first(lasts[ticker] for ticker in unit.tickers) for unit in fitted}
    newest = len(prices.sessions) - 1
    for group, members in groups.items():
        for window in study.cars:
            stopped = [
                member
                for member in members
                if ends[member.id] < min(member.row + window.end, newest)
            ]
            if stopped:
                yield _sentence(study, group, window, members, stopped)


def _first(rows: Iterable[int | None]) -> float:
    """Return the earliest of the rows that are known, infinity where none is."""
    return min((float(row) for row in rows if row is not None), default=float("inf"))


def _sentence(
    study: Study,
    group: str,
    window: Window,
    members: Sequence[Member],
    stopped: Sequence[Member],
) -> str:
    cars = {member.id: cumulate(member.fit, window, study.returns).car for member in members}
    ids = {member.id for member in stopped}
    lasting = [car for name, car in cars.items() if name not in ids and np.isfinite(car)]
    whole = [car for car in cars.values() if np.isfinite(car)]
    valued = len(whole) > len(lasting)
    names = ", ".join(member.ticker for member in stopped)
    tail = f"the mean over {counted(len(lasting), 'event')} that lasted is {_mean(lasting)}"
    if valued:
        tail += f", with final values it is {_mean(whole)} over {len(whole)}"
    else:
        tail += ", and no final value is given (an event of kind delisting)"
    return f"{names}: no trading to the end of CAR{window} of {group}, {tail}"


def _mean(cars: Sequence[float]) -> str:
    return f"{float(np.mean(cars)):+.2%}" if cars else "unknown"
