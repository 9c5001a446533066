"""Does a strategy see the future? Cut the data after a session: nothing decided by then moves."""

from __future__ import annotations

import gc
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aftershock.backtest.processes import in_processes
from aftershock.errors import AftershockError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from aftershock.backtest.broker import EventBroker
    from aftershock.backtest.run import Backtest, Origin
    from aftershock.backtest.stage import Stage
    from aftershock.backtest.strategy import EventStrategy
    from aftershock.events.book import EventBook
    from aftershock.prices.panel import PricePanel

CUTS = 25

Decision = tuple["dt.date", str, str, str, float, float, str]


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
    kept in memory, events read before they are known. A strategy's file is run on cut data in
    a process that never had the others. What it reads from a file of its own is the same in
    both runs, and no run can tell.
    """
    from joblib import delayed, effective_n_jobs

    stage = backtest.stage(events, prices, benchmark=benchmark)
    whole = _decisions(stage.trade(backtest.strategy, backtest.params))
    days = sorted({decision[0] for decision in whole})
    picked = days[:: -(-len(days) // cuts)] if days else []
    workers = max(effective_n_jobs(-1), 2) if backtest.path else 1  # one would be this process
    work = (delayed(_decided)(backtest.origin, backtest.params, _cut(stage, day)) for day in picked)
    made = in_processes(work, workers)
    compared = (_compare(day, whole, some) for day, some in zip(picked, made, strict=True))
    differences = [found for found in compared if found]
    return LookAhead(len(whole), tuple(picked), tuple(differences[:1]))


def _cut(stage: Stage, day: dt.date) -> Stage:
    """Return the stage as it was after the close of a session."""
    panel = stage.panel.between(stage.panel.sessions.first, day)
    last = len(panel.sessions) - 1
    known = tuple(entry for entry in stage.agenda.entries if entry.known_from <= last)
    agenda = replace(stage.agenda, sessions=panel.sessions, entries=known)
    return replace(stage, panel=panel, agenda=agenda, placed=())


def _decided(
    origin: Origin | type[EventStrategy], params: Mapping[str, Any], stage: Stage
) -> list[Decision] | str:
    """Return what a strategy decides on a stage, or why it fails there."""
    gc.collect()  # prices of an earlier, longer run may lie in the cycles it left behind
    cls = origin if isinstance(origin, type) else origin.load()
    try:
        return _decisions(stage.trade(cls, params))
    except AftershockError as cause:
        return str(cause)


def _compare(
    day: dt.date, whole: list[Decision], made: list[Decision] | str
) -> tuple[dt.date, str, str] | None:
    """Return the first thing that was decided otherwise without the data after a session."""
    before = [decision for decision in whole if decision[0] <= day]
    if isinstance(made, str):
        return day, _first_not_in(before, []), f"nothing, it failed ({made})"
    if sorted(made) == sorted(before):
        return None
    return day, _first_not_in(before, made), _first_not_in(made, before)


def _decisions(broker: EventBroker) -> list[Decision]:
    """Return what the strategy itself decided; the broker's own orders follow from it."""
    own = [record for record in broker.records if not record.cause]
    made: list[Decision] = [
        (r.session, r.event, r.ticker, r.side, r.asked, r.stop or 0.0, r.declined)
        for r in own
        if r.kind != "stop"
    ]
    taken_back: list[Decision] = [
        (r.withdrawn, r.event, r.ticker, r.side, 0.0, 0.0, f"took back the {r.kind} order")
        for r in own
        if r.withdrawn is not None
    ]
    return made + taken_back


def _first_not_in(own: list[Decision], other: list[Decision]) -> str:
    for decision in own:
        if decision not in other:
            session, event, ticker, side, shares, stop, reason = decision
            said = f"{side} {ticker} for {event} on {session}"
            if reason:
                return f"not to {said} ({reason})"
            with_stop = f", stop {stop:g}" if stop else ""
            return f"to {said}, {shares:g} shares{with_stop}"
    return "nothing else"
