"""Does a strategy see the future? Cut the data after a session: nothing decided by then moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from aftershock.backtest.broker import EventBroker
    from aftershock.backtest.run import Backtest
    from aftershock.events.book import EventBook
    from aftershock.prices.panel import PricePanel

CUTS = 25

Decision = tuple["dt.date", str, str, str, float, str]


@dataclass(frozen=True, slots=True)
class LookAhead:
    """What cutting the data changed.

    Attributes
    ----------
    decisions
        Orders and refusals of the whole run.
    checked
        Sessions after which the data were cut: sessions of decisions, evenly picked.
    differences
        Cut, and what was decided by then with the future in the data and without it, of the
        first cut that changed anything; empty where none did.
    """

    decisions: int
    checked: tuple[dt.date, ...]
    differences: tuple[tuple[dt.date, str, str], ...]

    @property
    def sentence(self) -> str:
        """The outcome in one sentence."""
        if not self.decisions:
            return "no decision was made, so there is nothing to check"
        cuts = f"{len(self.checked)} cuts of the data over {self.decisions} decisions"
        if not self.differences:
            return f"no look-ahead: {cuts} changed none of what had been decided"
        cut, full, short = self.differences[0]
        return f"LOOK-AHEAD: without the data after {cut} it decided {short}, with them {full}"


def check_lookahead(
    backtest: Backtest,
    events: EventBook,
    prices: PricePanel,
    *,
    benchmark: str,
    cuts: int = CUTS,
) -> LookAhead:
    """Run a strategy again on data that end earlier, and compare what it decided.

    Parameters
    ----------
    backtest, events, prices, benchmark
        As for a run.
    cuts
        Sessions to cut after, at most; picked evenly from those with a decision.

    Notes
    -----
    The guarded prices refuse the future on their own. This finds what goes round them: prices
    kept in memory, events read before they are known. What a strategy reads from a file of
    its own is the same in both runs, and no run can tell.
    """
    stage = backtest.stage(events, prices, benchmark=benchmark)
    whole = _decisions(stage.trade(backtest.strategy, backtest.params))
    days = sorted({decision[0] for decision in whole})
    picked = days[:: -(-len(days) // cuts)] if days else []
    differences: list[tuple[dt.date, str, str]] = []
    for day in picked:
        known = tuple(
            entry
            for entry in stage.agenda.entries
            if entry.known_from <= stage.panel.sessions.position(day)
        )
        panel = stage.panel.between(stage.panel.sessions.first, day)
        agenda = replace(stage.agenda, sessions=panel.sessions, entries=known)
        short = replace(stage, panel=panel, agenda=agenda)
        made = _decisions(short.trade(backtest.strategy, backtest.params))
        before = [decision for decision in whole if decision[0] <= day]
        if made != before:
            differences.append((day, _first_not_in(before, made), _first_not_in(made, before)))
            break
    return LookAhead(len(whole), tuple(picked), tuple(differences))


def _decisions(broker: EventBroker) -> list[Decision]:
    """Return what the strategy itself decided; the broker's own orders follow from it."""
    return [
        (record.session, record.event, record.ticker, record.side, record.asked, record.declined)
        for record in broker.records
        if not record.cause and record.kind != "stop"
    ]


def _first_not_in(own: list[Decision], other: list[Decision]) -> str:
    for decision in own:
        if decision not in other:
            session, event, ticker, side, shares, reason = decision
            if reason:
                return f"not to {side} {ticker} for {event} on {session} ({reason})"
            return f"to {side} {shares:g} {ticker} for {event} on {session}"
    return "nothing else"
