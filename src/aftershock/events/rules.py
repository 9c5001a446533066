"""Events made from data by a rule: lock-up expiries from listings, crossings from prices."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import TYPE_CHECKING, Literal

import numpy as np

from aftershock.errors import EventError
from aftershock.events.book import EventBook, ordered
from aftershock.events.kinds import Announcement, LockupExpiry
from aftershock.prices.tickers import canonical, canonical_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aftershock.arrays import FloatArray
    from aftershock.events.companies import Company
    from aftershock.prices.panel import PricePanel

Direction = Literal["up", "down", "both"]

MONTHS = 12
_DAY = dt.timedelta(days=1)


def last_locked_day(listed: dt.date, months: int) -> dt.date:
    """Return the last day of a lock-up that runs for calendar months from the listing day.

    The listing day counts: six months from 8 January end on 7 July, and a lock-up "until
    2027-01-07" of a listing on 2026-01-08 is one year. Where the month has no such day the
    lock-up ends with the month.

    Examples
    --------
    >>> last_locked_day(dt.date(2026, 1, 8), 12)
    datetime.date(2027, 1, 7)
    >>> last_locked_day(dt.date(2025, 8, 31), 6)
    datetime.date(2026, 2, 28)
    """
    count = listed.year * MONTHS + listed.month - 1 + months
    year, month = divmod(count, MONTHS)
    length = calendar.monthrange(year, month + 1)[1]
    if listed.day > length:
        return dt.date(year, month + 1, length)
    return dt.date(year, month + 1, listed.day) - _DAY


def lockup_expiries(
    listings: Mapping[str, dt.date],
    *,
    months: int,
    exchange: str,
    exclude: Mapping[str, str] | None = None,
) -> EventBook:
    """Return one lock-up expiry per listing: the first session after the last locked day.

    Parameters
    ----------
    listings
        Ticker to first day of trading.
    months
        Calendar months of the lock-up, 1 or more.
    exchange
        ISO code of the exchange.
    exclude
        Ticker to the reason why it had no such lock-up; its event is made and excluded.

    Returns
    -------
    EventBook
        Events ``<ticker>-lockup-<months>m``, known from the listing on, with the rule in
        ``inferred``. The first day free to sell is the event's day; on a day without trading
        day 0 is the next session.

    Raises
    ------
    EventError
        No listing, or not a whole number of months.
    """
    if not listings or months < 1:
        raise EventError(f"{len(listings)} listings and {months} months make no expiries")
    names = canonical_keys(listings, exchange, "listings")
    reasons = {canonical(ticker, exchange): reason for ticker, reason in (exclude or {}).items()}
    events = [
        LockupExpiry.model_validate(
            {
                "id": f"{ticker}-lockup-{months}m",
                "ticker": ticker,
                "title": f"{ticker}: lock-up of {months} months expires",
                "when": last_locked_day(listed, months) + _DAY,
                "known_at": listed,
                "inferred": f"listed {listed}, {months} calendar months, the listing day included",
                "exclude": reasons.get(ticker, ""),
                "source": "rule: listing date and calendar months",
            }
        )
        for ticker, listed in ((ticker, listings[name]) for ticker, name in names.items())
    ]
    return EventBook(ordered(events), {}, exchange)


def price_crossings(
    prices: PricePanel, ticker: str, level: float, *, direction: Direction = "both"
) -> EventBook:
    """Return the closes at which a price crossed a level.

    Parameters
    ----------
    prices
        Raw closes are compared with the level.
    ticker
        Whose price.
    level
        In the price's currency, positive.
    direction
        Which crossings.

    Returns
    -------
    EventBook
        Events at the instant of the close, so that day 0 is the next session, marked
        ``endogenous``: their dates were chosen by looking at prices, and what happened up to
        them is no reaction to them.
    """
    column = prices.column(ticker)
    ticker, close = prices.tickers[column], prices.close[:, column]
    return _crossings(
        prices, ticker, close, np.full(close.size, level), direction, f"price {level:g}"
    )


def cap_crossings(
    prices: PricePanel, company: Company, level: float, *, direction: Direction = "both"
) -> EventBook:
    """Return the closes at which a company's market value crossed a level.

    Parameters
    ----------
    prices
        Raw closes.
    company
        With its share counts by date.
    level
        Market value in the price's currency.
    direction
        Which crossings.

    Returns
    -------
    EventBook
        As ``price_crossings``.

    Raises
    ------
    EventError
        No share count is known.
    """
    if not company.shares:
        raise EventError(f"no share count of {company.ticker} is known; add it to companies.yaml")
    close = prices.close[:, prices.column(company.ticker)]
    counts = np.full(close.size, float(company.shares[0].total))
    for entry in company.shares:
        counts[prices.sessions.dates >= np.datetime64(entry.date, "D")] = entry.total
    said = f"market value {level / 1e9:g}bn"
    return _crossings(prices, company.ticker, close, level / counts, direction, said)


def _crossings(
    prices: PricePanel,
    ticker: str,
    close: FloatArray,
    level: FloatArray,
    direction: Direction,
    said: str,
) -> EventBook:
    if not (level > 0).all():
        raise EventError(f"the level of {said} must be positive")
    known = np.flatnonzero(np.isfinite(close))
    above = close[known] >= level[known]
    events = []
    for i in np.flatnonzero(above[1:] != above[:-1]) + 1:
        way = "up" if above[i] else "down"
        if direction not in ("both", way):
            continue
        row = int(known[i])
        day = prices.sessions.date(row)
        events.append(
            Announcement.model_validate(
                {
                    "id": f"{ticker}-crossing-{way}-{day}",
                    "ticker": ticker,
                    "title": f"{ticker} closes {'above' if way == 'up' else 'below'} {said}",
                    "when": prices.sessions.close(row),
                    "endogenous": True,
                    "inferred": f"the close of {day}",
                    "source": "rule: closing prices",
                }
            )
        )
    return EventBook(ordered(events), {}, prices.sessions.calendar)
