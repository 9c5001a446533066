"""What is stored of one ticker: rows, each with the instant from which it counts.

A row is what was known of one session's bar and actions from one instant on. Rows are only
ever added: what changes is a further row of the same session with a later instant, and of
each session the last one counts. Leaving out the rows that came after a day gives what was
believed on it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd

from aftershock.prices.actions import adjustment, as_traded, paid_out
from aftershock.prices.layouts import COLUMNS, CURRENCY

if TYPE_CHECKING:
    from aftershock.prices.download import Answer

Span = tuple[dt.date, dt.date]

BAR = ("Open", "High", "Low", "Close", "Volume")
ACTIONS = ("Dividends", "Stock Splits", "Capital Gains")
FIELDS = (*BAR, *ACTIONS)
FETCHED = "Fetched"

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """What the store holds of one ticker.

    Attributes
    ----------
    ticker, currency, zone
        As Yahoo names them.
    since
        The first day that was asked for; None where all there is was.
    fetched
        The last instant at which the source was asked and answered, UTC.
    log
        Every row ever recorded, in the order they came: index ``Date``, columns ``FIELDS`` and
        ``Fetched``. ``Capital Gains`` is NaN in rows of version 0.1, whose ``Dividends``
        contain them. A row without any value says that the bar was withdrawn.
    """

    ticker: str
    currency: str
    zone: str
    since: dt.date | None
    fetched: dt.datetime
    log: pd.DataFrame

    @property
    def bars(self) -> pd.DataFrame:
        """The rows that count: of each session the one recorded last.

        A session with an action and no bar is among them, without prices.
        """
        latest = self.log[~self.log.index.duplicated(keep="last")].sort_index()
        return latest.loc[_tells(latest)].reindex(columns=FIELDS)

    @property
    def empty(self) -> bool:
        """True where no session has a close."""
        return not self.bars["Close"].notna().any()

    @property
    def last(self) -> dt.date:
        """The last session with a close."""
        days = pd.DatetimeIndex(self.bars.index[self.bars["Close"].notna()])
        return days[-1].date()

    def covers(self, start: dt.date | None) -> bool:
        """Return whether the history from ``start`` on was asked for."""
        return self.since is None or (start is not None and self.since <= start)

    def as_of(self, day: dt.date) -> Stored:
        """Return what was stored when ``day`` ended at the exchange."""
        midnight = dt.datetime.combine(day + _DAY, dt.time(), ZoneInfo(self.zone))
        end = midnight.astimezone(dt.UTC)
        log = self.log[self.log[FETCHED] < pd.Timestamp(end.replace(tzinfo=None))]
        return replace(self, log=log, fetched=min(self.fetched, end))

    def frame(self, forming: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return the bars that count in the panel's shape.

        Parameters
        ----------
        forming
            The bar that is still forming, which is used and not stored.
        """
        bars = self.bars
        if forming is not None and len(forming):
            bars = pd.concat([bars, forming[~forming.index.isin(bars.index)]])
        close, dividend, split, gain = (
            bars[name].to_numpy("float64") for name in ("Close", *ACTIONS)
        )
        paid = paid_out(close, dividend, split, gain)
        out = bars.assign(Dividends=paid, Adjustment=adjustment(close, paid, split))
        out = out[list(COLUMNS)].rename_axis("Date")
        return out.assign(**{CURRENCY: self.currency}) if self.currency else out


def delivered(
    ticker: str, answer: Answer, first: dt.date | None, last: dt.date | None, stored: Stored | None
) -> tuple[Stored, pd.DataFrame]:
    """Return an answer as rows to record, and apart from them the bar still forming.

    Parameters
    ----------
    ticker, answer
        What was asked for, up to the present, and what came.
    first
        The first day that was asked for; None where all there is was.
    last
        The last day to record; None for the present. What lies before all that is stored is
        recorded in any case: a history has no gap that was never asked for.
    stored
        What is stored.
    """
    bars = as_traded(answer.bars)[list(FIELDS)]
    bars["Volume"] = bars["Volume"].where(bars["Close"].notna())  # yfinance writes 0
    bars = bars[_tells(bars)]
    final = bars.index < pd.Timestamp(answer.open_day or dt.date.max)
    log = bars[final].assign(**{FETCHED: answer.at.replace(tzinfo=None)})
    log[FETCHED] = log[FETCHED].astype("datetime64[us]")
    if last is not None and stored is not None and len(stored.bars):
        log = log[(log.index <= pd.Timestamp(last)) | (log.index < stored.bars.index[0])]
    whole = first is None and (len(log) > 1 or stored is not None)
    since = None if whole else (first or _first_day(log))
    return Stored(ticker, answer.currency, answer.zone, since, answer.at, log), bars[~final]


def _tells(rows: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows say anything: a close, or an action."""
    actions = rows.reindex(columns=ACTIONS).fillna(0.0)
    return rows["Close"].notna() | (actions != 0.0).any(axis=1)


def _first_day(log: pd.DataFrame) -> dt.date:
    """Return the day a lone bar reaches back to: a pull of one row is not a whole history."""
    return log.index[0].date() if len(log) else dt.date.max
