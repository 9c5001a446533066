"""Why a window has no CAR of its own, and which CAR holds more than its window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.sessions import Sessions
    from aftershock.study.fit import EventFit
    from aftershock.study.windows import Window

HALTED = "ends inside a halt"


def gap_note(fit: EventFit, window: Window, sessions: Sessions) -> str:
    """Return what is unusual in one window's CAR, empty where nothing is.

    Parameters
    ----------
    fit
        The fitted event.
    window
        Offsets inside ``fit.window``.
    sessions
        The sessions that the fit's rows count.
    """
    inside = window.within(fit.window)
    rows, span, halted = fit.rows[inside], fit.span[inside], fit.halted[inside]
    if (rows < 0).any():
        return f"reaches beyond the prices, {sessions.first} to {sessions.last}"
    if fit.final is not None and rows[0] > fit.final:
        return f"begins after the final value of {sessions.date(fit.final)}"
    lost = np.flatnonzero(~np.isfinite(fit.step[inside]))
    if lost.size:
        return f"no return on {sessions.date(rows[lost[0]])}"
    if halted[-1]:
        return f"{HALTED}, without a close on {sessions.date(rows[-1])}: no CAR of its own"
    first = int(np.flatnonzero(span > 0)[0])
    before = int(rows[first] - span[first])  # the close that the first return starts from
    if before < rows[0] - 1:
        day = sessions.date(before)
        return f"begins inside a halt: its first return is from the close of {day} on"
    return ""


def ends_halted(note: str) -> bool:
    """Return whether a note says that the window ends inside a halt."""
    return note.startswith(HALTED)
