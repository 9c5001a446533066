"""Every exception the package raises on purpose.

::

    AftershockError
    ├── EventError      (ValueError)   an event table or company file that cannot be right
    ├── PriceError      (ValueError)   prices that are missing, contradictory or unreadable
    ├── SessionError    (LookupError)  a date the exchange calendar does not know
    ├── StudyError      (ValueError)   a study that cannot be fitted as it was asked
    ├── BacktestError   (ValueError)   a backtest or strategy that cannot run as it was asked
    ├── LookAheadError  (LookupError)  a strategy asked for a price it could not have seen
    ├── UnknownName     (LookupError)  a name nobody defined, with the nearest one that exists
    ├── WorkspaceError  (ValueError)   a workspace folder, setting or content file that is wrong
    └── RunError        (OSError)      a run folder that cannot be written or read

Each leaf is also the builtin in brackets, so ``except ValueError`` keeps working.
A message says what was wrong, what is allowed and what to do.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class AftershockError(Exception):
    """Base of every error raised on purpose."""


class EventError(AftershockError, ValueError):
    """An event table or company file that cannot be right."""


class PriceError(AftershockError, ValueError):
    """Prices that are missing, contradictory or unreadable."""


class SessionError(AftershockError, LookupError):
    """A date the exchange calendar does not know."""


class StudyError(AftershockError, ValueError):
    """A study that cannot be fitted as it was asked."""


class BacktestError(AftershockError, ValueError):
    """A backtest or strategy that cannot run as it was asked."""


class LookAheadError(AftershockError, LookupError):
    """A strategy asked for a price it could not have seen."""


class UnknownName(AftershockError, LookupError):  # noqa: N818 - reads as the sentence it prints
    """A name nobody defined, with the nearest one that exists."""


class WorkspaceError(AftershockError, ValueError):
    """A workspace folder, setting or content file that is wrong."""


class RunError(AftershockError, OSError):
    """A run folder that cannot be written or read."""


def unknown(what: str, name: str, allowed: Iterable[str]) -> UnknownName:
    """Build the error for a name nobody defined.

    Parameters
    ----------
    what
        The noun, for example ``"study"``.
    name
        What was asked for.
    allowed
        Every name that exists.

    Examples
    --------
    >>> print(unknown("study", "lockup", ["listings", "lockups"]))
    unknown study 'lockup': did you mean 'lockups'? There are: listings, lockups.
    """
    known = sorted(allowed)
    hint = nearest(name, known)
    guess = f" did you mean '{hint}'?" if hint else ""
    there = f" There are: {', '.join(known)}." if known else " There are none."
    return UnknownName(f"unknown {what} '{name}':{guess}{there}")


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed name closest to ``name``, or None where nothing is close."""
    lowered = {candidate.lower(): candidate for candidate in allowed}
    close = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.5)
    return lowered[close[0]] if close else None
