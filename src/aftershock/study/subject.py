"""The returns a study explains, and why one cannot be studied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.errors import StudyError
from aftershock.events.kinds import Listing
from aftershock.prices.panel import PricePanel
from aftershock.study.halts import first_trade, trade_to_trade
from aftershock.study.models import Market

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from aftershock.arrays import FloatArray
    from aftershock.prices.returns import ReturnPanel
    from aftershock.study.delistings import Final
    from aftershock.study.models import Design
    from aftershock.study.study import Study
    from aftershock.study.units import Unit


@dataclass(frozen=True, slots=True)
class Subject:
    """A study's prices, turned into returns and the right-hand side of its model.

    Attributes
    ----------
    returns : ndarray, shape (S, N)
        Returns of every ticker.
    design
        The model's right-hand side over the same sessions.
    finals
        Final values of delisted stocks, by ticker.
    """

    study: Study
    prices: PricePanel | ReturnPanel
    returns: FloatArray
    design: Design
    finals: Mapping[str, Final]

    @classmethod
    def of(
        cls, study: Study, prices: PricePanel | ReturnPanel, finals: Mapping[str, Final]
    ) -> Subject:
        """Prepare a study's prices; raises StudyError where they lack a benchmark."""
        for ticker in study.model.benchmarks:
            if ticker not in prices.tickers:
                raise StudyError(
                    f"'{study.title}' needs {ticker} as benchmark and the prices hold only"
                    f" {', '.join(prices.tickers)}; add it to the tickers loaded"
                )
        if study.bridges_halts and not isinstance(prices, PricePanel):
            raise StudyError('halts="trade_to_trade" needs prices; the panel holds returns only')
        returns = prices.returns(study.returns)
        market = Market(returns, prices.column, prices.sessions)
        return cls(study, prices, returns, study.model.design(market), finals)

    def explained(self, unit: Unit, at: int) -> tuple[FloatArray, Design]:
        """Return the unit's returns, shape (S,), and the right-hand side that goes with them.

        A contrast's returns are the difference of two stocks; a listing's first return, on
        row ``at``, starts from the offer price where the study has no estimation window;
        halts are bridged where the study says so; a delisted stock ends with its final value.
        """
        y, design = self._traded(unit, at)
        final = self._final(unit)
        return (y, design) if final is None else final.closing(y, design)

    def _traded(self, unit: Unit, at: int) -> tuple[FloatArray, Design]:
        own = self.returns[:, self.prices.column(unit.tickers[0])]
        final = self._final(unit)
        if len(unit.tickers) > 1:
            return own - self.returns[:, self.prices.column(unit.tickers[1])], self.design
        if self.study.bridges_halts:
            return trade_to_trade(self._closes(unit), self.design, self.study.returns)
        if final is not None:
            own = final.after_close(own, self.study.returns)
        offer = self._offer(unit, at)
        if offer is None or not isinstance(self.prices, PricePanel):
            return own, self.design
        ratio = self.prices.close[at, self.prices.column(unit.tickers[0])] / offer
        started = own.copy()
        started[at] = ratio - 1.0 if self.study.returns == "simple" else np.log(ratio)
        return started, self.design

    def _closes(self, unit: Unit) -> FloatArray:
        if not isinstance(self.prices, PricePanel):
            raise StudyError('halts="trade_to_trade" needs prices; the panel holds returns only')
        closes = self.prices.adjusted_close()[:, self.prices.column(unit.tickers[0])]
        final = self._final(unit)
        return closes if final is None else final.closes(closes)

    def _final(self, unit: Unit) -> Final | None:
        return self.finals.get(unit.tickers[0]) if len(unit.tickers) == 1 else None

    def final_row(self, unit: Unit) -> int | None:
        """Return the row of the final value of a unit's stock, None where it has none."""
        final = self._final(unit)
        return None if final is None else final.row

    def row(self, unit: Unit, session: dt.date) -> int:
        """Return the row of a candidate session, moved behind a halt where halts are bridged."""
        at = self.prices.sessions.position(session)
        if not self.study.bridges_halts:
            return at
        return first_trade(self._closes(unit), at) or at

    def obstacle(self, unit: Unit) -> str:
        """Return why the unit cannot be studied at all, empty where it can."""
        if unit.event.exclude:
            return unit.event.exclude
        if unit.zero.session is None:
            return unit.zero.reason
        if unit.zero.last is not None and self.prices.published is not None:
            return "no published price (a range of days on the reconstructed sample)"
        itself = set(unit.tickers) & set(self.study.model.benchmarks)
        if itself:
            return f"{', '.join(sorted(itself))} is the stock and its own benchmark"
        return self.missing(unit, unit.zero.session)

    def missing(self, unit: Unit, session: dt.date) -> str:
        """Return which price a candidate session lacks, empty where none is missing."""
        for ticker in unit.tickers:
            if ticker not in self.prices.tickers:
                return f"no prices for {ticker}"
        sessions = self.prices.sessions
        if sessions.find(session) is None:
            after = session > sessions.last
            edge = (
                f"after the last, {sessions.last}"
                if after
                else f"before the first, {sessions.first}"
            )
            return f"no prices: session {session} is {edge}"
        at = self.row(unit, session)
        final = self._final(unit)
        if final is not None and at > final.row:
            return f"delisted on {sessions.date(final.row)}"
        y, design = self.explained(unit, at)
        if not np.isfinite(y[at]):
            return self._no_return(unit.tickers, at)
        if not design.usable[at]:
            return self._no_return(self.study.model.benchmarks, at)
        return self._unpublished(unit, at)

    def _no_return(self, tickers: tuple[str, ...], at: int) -> str:
        day = self.prices.sessions.date(at)
        if not tickers:
            return f"the {self.study.model.label} has no data on {day}"
        for ticker in tickers:
            if not isinstance(self.prices, PricePanel):
                break
            close = self.prices.close[:, self.prices.column(ticker)]
            if not np.isfinite(close[at]):
                return f"no price of {ticker} on {day}"
            if at == 0 or not np.isfinite(close[at - 1]):
                return f"no price of {ticker} on the session before {day}"
        return f"no return of {' or '.join(tickers)} on {day}"

    def _unpublished(self, unit: Unit, at: int) -> str:
        """On a reconstruction, return which close on day -1 or 0 is not a published figure."""
        published = self.prices.published
        if published is None:
            return ""
        from_offer = self._offer(unit, at) is not None
        for ticker in (*unit.tickers, *self.study.model.benchmarks):
            before = [] if from_offer and ticker in unit.tickers else [at - 1]
            for row in (*before, at):
                if not published[row, self.prices.column(ticker)]:
                    return f"no published price of {ticker} on {self.prices.sessions.date(row)}"
        return ""

    def _offer(self, unit: Unit, at: int) -> float | None:
        """Return the offer price that stands as the close of day -1, where it does."""
        event = unit.event
        if self.study.estimation is not None or not isinstance(self.prices, PricePanel):
            return None
        if not isinstance(event, Listing) or len(unit.tickers) > 1:
            return None
        before = self.prices.close[:at, self.prices.column(event.ticker)]
        return None if np.isfinite(before).any() else event.offer_price
