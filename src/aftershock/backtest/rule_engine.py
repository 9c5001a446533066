"""Rules run over arrays: the same fills and the same cents as the broker, much faster.

A rule decides nothing after its entry, so a trade's whole path follows from its fill. Trades
are entered in order of time, each on the equity that the earlier ones leave. Fills come from
the exchange and the quotes, money from whole numbers, by the very functions the broker uses.
What one trade alone cannot decide - a margin call, a recall, an order beyond the day's
volume, a split or a dividend - is handed over to backtrader, never approximated.
"""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from aftershock.backtest.exchanges.base import Chance
from aftershock.backtest.fills import (
    opens_beyond,
    shortfall,
    stop_level,
    stop_price,
    whole_lots,
)
from aftershock.backtest.market import Quote, quotes
from aftershock.backtest.money import (
    YEAR,
    exact,
    from_cents,
    half_up,
    ratio,
    to_cents,
    value_cents,
    values_cents,
)
from aftershock.backtest.rule_account import Account, Exit, Held, Leg, RuleRun, RuleTrade
from aftershock.errors import BacktestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aftershock.arrays import FloatArray
    from aftershock.backtest.agenda import Agenda
    from aftershock.backtest.exchanges.base import Exchange, Instrument
    from aftershock.backtest.orders import Side
    from aftershock.backtest.rule import Rule
    from aftershock.prices.panel import PricePanel

_DAY = dt.timedelta(days=1)
RESTATED = "a split or a dividend falls into a trade"
_MOST_CASH = 10**15  # cents; with the largest weight, values stay within 64 bits
_OPEN, _STOP, _CLOSE = 0, 1, 2  # parts of a session, in order


class _Tape:
    """One ticker: quotes, marks, and what borrowing a share costs up to each session."""

    def __init__(self, panel: PricePanel, ticker: str, instrument: Instrument) -> None:
        self.instrument = instrument
        self.quotes = quotes(panel, ticker, is_index=instrument.is_index)
        self.closes = panel.close[:, panel.column(ticker)].tolist()
        self.marks = _filled(self.closes)
        self.prices: FloatArray = np.array(self.marks)
        self.restated = [
            row for row, q in enumerate(self.quotes) if q.dividend > 0 or q.split not in (0.0, 1.0)
        ]

    def borrow_sums(self, dates: list[dt.date], rate: Callable[[dt.date], float]) -> None:
        """Sum price x rate over calendar days: before each session, and up to its end.

        Sums are whole numbers of ``1 / scale``.
        """
        before, through, self.unrated = [Fraction()], [Fraction()], 0
        for row in range(1, len(dates)):
            total, mark = through[-1], self.marks[row - 1]
            price = exact(mark) if math.isfinite(mark) else Fraction()
            count = (dates[row] - dates[row - 1]).days
            try:
                rates = [exact(rate(dates[row - 1] + n * _DAY)) for n in range(1, count + 1)]
            except BacktestError:  # no rate on record; a loan of these days is handed over
                rates, self.unrated = [Fraction()] * count, row + 1
            before.append(total + price * sum(rates[:-1]))
            through.append(total + price * sum(rates))
        self.scale = math.lcm(*(total.denominator for total in (*before, *through)))
        self.before = [int(total * self.scale) for total in before]
        self.through = [int(total * self.scale) for total in through]


class RuleEngine:
    """Runs rules over one panel.

    Parameters
    ----------
    panel
        Raw prices on the run's sessions.
    agenda
        The run's sessions.
    exchange, instrument, cash
        As the broker's.
    """

    def __init__(
        self,
        panel: PricePanel,
        agenda: Agenda,
        exchange: Exchange,
        instrument: Callable[[str], Instrument],
        cash: float,
    ) -> None:
        self._panel = panel
        self._exchange = exchange
        self._instrument = instrument
        self._dates: list[dt.date] = agenda.sessions.dates.tolist()
        self._cash = to_cents(cash)
        self._tapes: dict[str, _Tape] = {}
        self._chances: dict[tuple[str, int, bool], Chance] = {}
        self._outs: dict[tuple[object, ...], Exit] = {}
        self._fees: dict[tuple[object, ...], int] = {}

    def run(self, legs: Sequence[Leg]) -> RuleRun:
        """Run legs on shared capital, in order of day 0 as ``Agenda`` has them."""
        account = Account(min(self._cash, _MOST_CASH), len(self._dates))
        if self._cash > _MOST_CASH:
            return account.hand_over("the cash is more than arrays of cents hold")
        if self._exchange.borrowable:
            return account.hand_over("shares that can be borrowed are limited by date")
        if self._exchange.pays_interest:
            return account.hand_over("cash earns interest")
        for entry, late in self._in_time(legs):
            reason = self._enter(account, entry, late=late)
            if reason:
                return account.hand_over(reason)
        return account.settle(self._exchange, self._most)

    def _in_time(self, legs: Sequence[Leg]) -> list[tuple[Leg, bool]]:
        """Return the legs that are decided within the run, in order of their fills."""
        ordered = sorted(legs, key=lambda leg: (leg.day_zero, leg.event))
        entries: list[tuple[int, bool, int, Leg]] = []
        for row, leg in enumerate(ordered):
            position = leg.day_zero + leg.rule.entry
            if max(leg.known_from, 0) < position < len(self._dates):
                short = leg.rule.side == "short"
                late = self._chance(leg.ticker, position, short_sale=short).when == "close"
                entries.append((position, late, row, leg))
        return [(leg, late) for _, late, _, leg in sorted(entries, key=lambda e: e[:3])]

    def _enter(self, account: Account, leg: Leg, *, late: bool) -> str:
        """Enter one leg if it can be; return why it must be handed over."""
        tape, rule = self._tape(leg.ticker), leg.rule
        position, part = leg.day_zero + rule.entry, _CLOSE if late else _OPEN
        quote = tape.quotes[position]
        account.pass_to(position)
        shares = self._size(account, tape, rule, position - 1)
        chance = self._chance(leg.ticker, position, short_sale=rule.side == "short")
        refused = (
            not shares
            or quote.is_halted
            or self._not_shortable(tape, rule, position)
            or account.opposes(leg.ticker, rule.sign, position, part)
            or math.isnan(chance.price)
        )
        if shares and position in tape.restated:
            return RESTATED
        if refused:
            return ""
        if math.isnan(quote.close):
            return "a session without a close falls on an entry"
        if shares > self._exchange.most(quote):
            return "an order is beyond the share of volume"
        return self._fill(account, leg, shares, chance, part)

    def _fill(self, account: Account, leg: Leg, shares: float, chance: Chance, part: int) -> str:
        """Fill an entry at its chance, if the impact is known and equity allows it."""
        position = leg.day_zero + leg.rule.entry
        side: Side = "sell" if leg.rule.side == "short" else "buy"
        quote = self._tape(leg.ticker).quotes[position]
        price = self._slipped(side, shares, chance, quote, position)
        if math.isnan(price):
            return ""
        fees = self._charges(leg.ticker, side, shares, price, position)
        if self._too_little(account, leg, shares, price, fees, part):
            return ""
        return self._hold(account, leg, shares, price, fees, part)

    def _hold(
        self, account: Account, leg: Leg, shares: float, price: float, fees: int, part: int
    ) -> str:
        """Work out the whole path of a trade and add it to the account."""
        tape, rule = self._tape(leg.ticker), leg.rule
        position = leg.day_zero + rule.entry
        out = self._out(leg, price, position, part)
        last = out.position if out.position >= 0 else len(self._dates) - 1
        until = last + self._exchange.settlement
        if any(position <= row <= until for row in tape.restated):
            return RESTATED
        cents, settles = value_cents(price, shares), position + self._exchange.settlement
        exit_price, all_fees, gross = math.nan, fees, 0
        if out.position >= 0:
            back: Side = "buy" if rule.side == "short" else "sell"
            quote = tape.quotes[out.position]
            exit_price = self._slipped(back, shares, Chance(out.price), quote, out.position)
            if math.isnan(exit_price):
                return "the impact of an exit is not known"
            all_fees += self._charges(leg.ticker, back, shares, exit_price, out.position)
            gross = rule.sign * (value_cents(exit_price, shares) - cents)
        else:
            gross = rule.sign * (value_cents(tape.marks[-1], shares) - cents)
        if rule.side == "short" and settles < tape.unrated:
            return "a borrow rate is not on record"
        ends = out.position + self._exchange.settlement if out.position >= 0 else None
        borrow = self._borrow(tape, rule, shares, position, settles, ends)
        trade = RuleTrade(
            leg.event, leg.ticker, rule.sign, shares, position, price, out.position, exit_price,
            gross, all_fees, borrow[-1],
        )  # fmt: skip
        try:
            values = values_cents(tape.prices[position : last + 1], shares)
        except OverflowError:
            return "a position is worth more than arrays of cents hold"
        account.add(Held(trade, part, out, cents, fees), values, borrow)
        return ""

    def _borrow(
        self, tape: _Tape, rule: Rule, shares: float, position: int, start: int, end: int | None
    ) -> list[int]:
        """Return the fee accrued up to each session from the entry on, cents.

        It ends with the session that settles the cover, or with the run; the last is for good.
        """
        if rule.side == "long" or start >= len(self._dates):
            return [0]
        (units, parts), floor = ratio(shares), tape.before[start]
        units, scale = 100 * units, parts * tape.scale * YEAR
        stop = len(self._dates) if end is None else min(end, len(self._dates))
        fees = [0] * (start - position)
        twice = 2 * units  # half up, written out: this is where a sweep spends its time
        fees += [
            (twice * (through - floor) + scale) // (2 * scale)
            for through in tape.through[start:stop]
        ]
        if stop < len(self._dates):  # the cover has settled
            fees.append(half_up(units * (tape.before[stop] - floor), scale))
        return fees

    def _out(self, leg: Leg, price: float, position: int, part: int) -> Exit:
        """Return where a position entered at a price is left; position -1 where it is not."""
        planned = leg.day_zero + leg.rule.exit
        key = (leg.ticker, leg.rule.side, position, price, leg.rule.stop, part, planned)
        if key not in self._outs:
            self._outs[key] = self._find_out(leg, price, position, part, planned)
        return self._outs[key]

    def _find_out(self, leg: Leg, price: float, position: int, part: int, planned: int) -> Exit:
        tape, rule = self._tape(leg.ticker), leg.rule
        level = math.nan if rule.stop is None else stop_level(rule.sign, price, rule.stop)
        first = position if part == _OPEN else position + 1
        for row in range(first, len(self._dates)):
            quote = tape.quotes[row]
            if quote.is_halted:
                continue
            late = False
            if row >= planned and row > position:
                chance = self._chance(leg.ticker, row, short_sale=False)
                late = chance.when == "close"
                if not late:
                    return Exit(row, _OPEN, chance.price)
            if rule.stop is not None:
                hit = stop_price(rule.sign, level, quote, entered_now=row == position)
                if not math.isnan(hit) and not self._too_far(leg, level, row, position):
                    return Exit(row, _STOP, hit)
                late = late or not math.isnan(hit)
            if late:
                return Exit(row, _CLOSE, quote.close)
        return Exit(-1, _CLOSE, math.nan)

    def _too_far(self, leg: Leg, level: float, row: int, position: int) -> bool:
        """Return whether a session opens beyond a stop, and so far that the open fills nothing."""
        quote = self._tape(leg.ticker).quotes[row]
        gapped = row > position and opens_beyond(leg.rule.sign, level, quote)
        return gapped and self._chance(leg.ticker, row, short_sale=False).when == "close"

    def _size(self, account: Account, tape: _Tape, rule: Rule, decided: int) -> float:
        """Return the shares asked for after a close; 0 where there is no price or no lot."""
        lot = tape.instrument.lot_on(self._dates[decided + 1])
        if rule.lots is not None:
            return rule.lots * lot
        close = tape.closes[decided]
        if not math.isfinite(close):
            return 0.0
        amount = float(rule.weight or 0.0) * from_cents(int(account.equity[decided]))
        return max(whole_lots(amount, close, lot), 0.0)

    def _not_shortable(self, tape: _Tape, rule: Rule, position: int) -> bool:
        since = tape.instrument.shortable_from
        return rule.side == "short" and since is not None and self._dates[position] < since

    def _too_little(
        self, account: Account, leg: Leg, shares: float, price: float, fees: int, part: int
    ) -> bool:
        """Return whether equity refuses the entry, every position at what it stands at now."""
        position = leg.day_zero + leg.rule.entry
        marks = account.entered(position, part) | {leg.ticker: price}

        def mark(ticker: str) -> float:
            return marks[ticker] if ticker in marks else self._tape(ticker).marks[position - 1]

        equity, short, long = account.stands(position, part, mark)
        value = value_cents(price, shares)
        short += value if leg.rule.side == "short" else 0
        long += value if leg.rule.side == "long" else 0
        return bool(shortfall(self._exchange, equity - fees, short, long))

    def _slipped(
        self, side: Side, shares: float, chance: Chance, quote: Quote, position: int
    ) -> float:
        if chance.when == "limit":
            return chance.price
        return self._exchange.slipped(side, shares, chance.price, quote, self._dates[position])

    def _charges(self, ticker: str, side: Side, shares: float, price: float, position: int) -> int:
        key = (ticker, side, shares, price, position)
        if key not in self._fees:
            charges = self._exchange.charges(
                self._tape(ticker).instrument, side, shares, price, self._dates[position]
            )
            self._fees[key] = sum(charge.cents for charge in charges)
        return self._fees[key]

    def _chance(self, ticker: str, position: int, *, short_sale: bool) -> Chance:
        key = (ticker, position, short_sale)
        if key not in self._chances:
            tape = self._tape(ticker)
            quote = tape.quotes[position]
            self._chances[key] = (
                Chance(quote.open)
                if tape.instrument.is_index
                else self._exchange.chance(quote, self._dates[position], short_sale=short_sale)
            )
        return self._chances[key]

    def _most(self, ticker: str, position: int) -> float:
        return self._exchange.most(self._tape(ticker).quotes[position])

    def _tape(self, ticker: str) -> _Tape:
        if ticker not in self._tapes:
            tape = _Tape(self._panel, ticker, self._instrument(ticker))
            tape.borrow_sums(self._dates, lambda day: self._exchange.borrow_rate(day, ticker))
            self._tapes[ticker] = tape
        return self._tapes[ticker]


def _filled(closes: list[float]) -> list[float]:
    """Return each close, or the last one before it."""
    marks, last = [], math.nan
    for close in closes:
        last = close if math.isfinite(close) else last
        marks.append(last)
    return marks
