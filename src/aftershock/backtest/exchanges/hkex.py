"""The Hong Kong exchange: charges by date, board lots, when a stock may be shorted.

Rates per side as published by the Inland Revenue Department (stamp duty), the SFC, the AFRC,
HKEX (trading fee) and HKSCC (settlement fee). Stamp duty is rounded up to the next dollar,
every other item half up to the cent.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from aftershock.backtest.exchanges.base import (
    INDEX_LOT,
    Chance,
    Charge,
    Exchange,
    Instrument,
    Rates,
    listed,
    proportional,
)
from aftershock.backtest.money import exact, product, round_up, to_cents
from aftershock.errors import BacktestError

if TYPE_CHECKING:
    from aftershock.backtest.market import Quote
    from aftershock.backtest.orders import Side
    from aftershock.events.companies import Company


class Tariff(NamedTuple):
    """A rate from a date on, with a fixed part and bounds in dollars."""

    since: dt.date
    rate: float
    fixed: float = 0.0
    least: float = 0.0
    most: float = float("inf")


FIRST = dt.date(2014, 11, 1)  # of the SFC levy below; earlier charges are not recorded here

STAMP_DUTY = (
    Tariff(FIRST, 0.0010),
    Tariff(dt.date(2021, 8, 1), 0.0013),
    Tariff(dt.date(2023, 11, 17), 0.0010),
)
SFC_LEVY = (Tariff(FIRST, 0.000027),)
AFRC_LEVY = (Tariff(FIRST, 0.0), Tariff(dt.date(2022, 1, 1), 0.0000015))
TRADING_FEE = (Tariff(FIRST, 0.00005, fixed=0.50), Tariff(dt.date(2023, 1, 1), 0.0000565))
SETTLEMENT_FEE = (
    Tariff(FIRST, 0.00002, least=2.0, most=100.0),
    Tariff(dt.date(2025, 6, 30), 0.000042),
)
# minimum spreads: from a price on, money per share (HKEX, Second Schedule, part A)
SPREADS = (
    (0.01, 0.001), (0.25, 0.005), (0.5, 0.01), (10, 0.02), (20, 0.05), (100, 0.1), (200, 0.2),
    (500, 0.5), (1000, 1.0), (2000, 2.0), (5000, 5.0),
)  # fmt: skip
FINER = dt.date(2025, 8, 4)  # from then on 0.01 at 10 to 20, and 0.02 at 20 to 50
FINER_SPREADS = tuple(sorted({**dict(SPREADS), 10: 0.01, 20: 0.02, 50: 0.05}.items()))
AUCTION_LIMIT = 0.149  # orders of the opening auction reach 15 % from the previous close

PROPORTIONAL = {
    "SFC levy": SFC_LEVY,
    "AFRC levy": AFRC_LEVY,
    "trading fee": TRADING_FEE,
    "settlement fee": SETTLEMENT_FEE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HKEX(Exchange):
    """Hong Kong shares.

    A leg in an index is a notional tracker fund: no stamp duty, no lot.

    Attributes
    ----------
    brokerage, brokerage_min
        Negotiable: a rate, decimal, and a minimum in dollars per order.
    tick_rule
        A short sale may not be made below the best ask. Where a session opens below the
        previous close it is a limit order one spread above the open, which fills if the high
        is above it and else expires. And an order for the opening auction, which reaches 15 %
        from the previous close, does not fill at an open beyond 14.9 % but at the close.
    """

    name: ClassVar[str] = "HKEX"

    brokerage: float = 0.0003
    brokerage_min: float = 3.0
    tick_rule: bool = True
    borrow: Rates = 0.18
    participation: float | None = 0.1

    def __post_init__(self) -> None:
        Exchange.__post_init__(self)
        if not 0.0 <= self.brokerage < 1.0 or self.brokerage_min < 0:
            raise BacktestError(
                f"brokerage is {self.brokerage} with minimum {self.brokerage_min};"
                " a decimal, 0.0003 is 3 basis points, and dollars"
            )

    def instrument(self, ticker: str, company: Company | None) -> Instrument:
        """Return the ticker with its board lot, which only its issuer can say."""
        if ticker.startswith("^"):
            return Instrument(ticker, INDEX_LOT, is_index=True)
        if company is None or company.lot is None:
            raise BacktestError(
                f"no board lot is known for {ticker}; add it to companies.yaml, lot: 100"
            )
        return listed(ticker, company, company.lots())

    def charges(
        self, instrument: Instrument, side: Side, shares: float, price: float, day: dt.date
    ) -> list[Charge]:
        """Return brokerage, stamp duty, levies and fees of one order.

        Raises
        ------
        BacktestError
            The day is before the first recorded rates.
        """
        del side  # both sides pay the same
        if not self.costs:
            return []
        if day < FIRST:
            raise BacktestError(f"charges of {day} are not recorded; the first are of {FIRST}")
        items = [Charge("brokerage", self._brokerage(price, shares))]
        if not instrument.is_index:
            items.append(Charge("stamp duty", _stamp_duty(price, shares, day)))
        items += [
            Charge(item, _fee(table, price, shares, day)) for item, table in PROPORTIONAL.items()
        ]
        return [charge for charge in items if charge.cents]

    def _brokerage(self, price: float, shares: float) -> int:
        return max(proportional(self.brokerage, price, shares), to_cents(self.brokerage_min))

    def chance(self, quote: Quote, day: dt.date, *, short_sale: bool) -> Chance:
        """Return where an order for the opening auction fills, by the tick rule."""
        if not self.tick_rule or math.isnan(quote.gap):
            return Chance(quote.open)
        if abs(quote.gap) >= AUCTION_LIMIT:
            note = f"opened {quote.gap:+.1%} from the previous close, beyond the auction's limit"
            return Chance(quote.close, "close", f"{note}: filled at the close")
        if not short_sale or quote.open >= quote.previous:
            return Chance(quote.open)
        limit = float(exact(quote.open) + exact(self.spread(quote.open, day)))
        if quote.high > limit:
            return Chance(limit, "limit", "tick rule: sold one spread above a lower open")
        if math.isnan(quote.high):
            return Chance(math.nan, "limit", "tick rule: the session has no high")
        return Chance(math.nan, "limit", f"tick rule: nothing traded above {limit:g}")

    def spread(self, price: float, day: dt.date) -> float:
        """Return the minimum spread at a price."""
        table = FINER_SPREADS if day >= FINER else SPREADS
        return ([table[0][1]] + [spread for since, spread in table if price >= since])[-1]

    def conventions(self) -> dict[str, str]:
        """Return what the model assumes, in words."""
        said = Exchange.conventions(self)
        if self.costs:
            said["costs"] = (
                "stamp duty, SFC and AFRC levies, trading and settlement fee by date; brokerage"
                f" {self.brokerage * 10_000:g} basis points, at least HK${self.brokerage_min:g}"
            )
        said["short sales"] = (
            "by the tick rule; on an open 14.9 % or more from the previous close entries, exits and"
            " stops fill at the close"
            if self.tick_rule
            else "at the open, without the tick rule"
        )
        return said


def on(table: tuple[Tariff, ...], day: dt.date) -> Tariff:
    """Return the tariff in force on a day."""
    return [tariff for tariff in table if tariff.since <= day][-1]


def _stamp_duty(price: float, shares: float, day: dt.date) -> int:
    return 100 * round_up(*product(price, shares, on(STAMP_DUTY, day).rate))


def _fee(table: tuple[Tariff, ...], price: float, shares: float, day: dt.date) -> int:
    tariff = on(table, day)
    cents = proportional(tariff.rate, price, shares) + to_cents(tariff.fixed)
    most = cents if tariff.most == float("inf") else min(cents, to_cents(tariff.most))
    return max(most, to_cents(tariff.least))
