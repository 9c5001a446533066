"""Sentences of a backtest's books: what was owed, what could not be closed, what never came."""

from __future__ import annotations

from aftershock.report.mark import mark

BOOKS = (
    mark("no open on {day}"),
    mark("no open"),
    mark("its leg {ticker} cannot be closed"),
    mark("closed with its leg {ticker}"),
    mark("tick rule: the session has no high"),
    mark(
        "{event}: {ticker} was closed on {day} and its other leg {other} could not be ({reason});"
        " linked=True closes both together"
    ),
    mark(
        "own cash earns {rate}, the proceeds of short sales {share}; each calendar day on the"
        " balances of the last close before it, over 365"
    ),
    mark("{rate} a year"),
    mark("the cash is more than arrays of cents hold"),
    mark("cash earns interest"),
    mark("a session without a close falls on an entry"),
    mark("a position is worth more than arrays of cents hold"),
    mark("it was not known by the close of {day}, where the run ends"),
    mark(
        "the strategy was never offered the event: it has a next() of its own that does not call"
        " super().next(), which offers them"
    ),
    mark(
        "{name} calls leave for {event} after the close of {day}, in which it also enters: nothing"
        " is held yet, so nothing is left; call leave from the next close on"
    ),
    mark(
        "{name} calls self.{side} for {n} shares of {ticker} beyond what is held; they are not"
        " ordered: close first, then open with self.enter_{way}(event, ...)"
    ),
    mark(
        "{name} opens {ticker} with self.{side}, so the trade belongs to no event and stands in no"
        " event's figures; use self.enter_{way}(event, ...)"
    ),
    mark(
        "{name} set a timer that never fired: a session is one bar without hours; decide in"
        " on_offset, which is called after every close for the next open"
    ),
    mark(
        "{name} set a timer at {time} that never fired: a session is one bar without hours; decide"
        " in on_offset, which is called after every close for the next open"
    ),
    mark(
        "{name}: {indicator} of {ticker} has no value from {day} to the end: {other} has no bar on"
        " that session, and what carries its past along never forgets it; compute it in on_offset"
        " from self.closes(ticker, n), leaving out what is NaN"
    ),
    mark("its own parameters cannot run ({reason}); the best cell stands in their place"),
)
