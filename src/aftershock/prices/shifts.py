"""Dates that lie a day off: midnights of another time zone, read as the day before or after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import DateArray, IntArray
    from aftershock.sessions import Sessions

_WEEKS = 2  # one such week can be a session held out of turn
_MOST_OF = 0.8  # of the odd days must be paired with a session that lacks its bar
_RARE = 0.2  # of the busiest weekday's sessions
_DAILY = np.timedelta64(2, "D")  # weekly and monthly figures may well bear a Sunday's date
_DAY = np.timedelta64(1, "D")
_NAMES = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def shift_of(days: DateArray, sessions: Sessions) -> str:
    """Return one sentence where dates lie a day before or after the sessions they are of.

    Parameters
    ----------
    days : ndarray of datetime64[D], shape (B,)
        The dates of the bars, in any order.
    sessions
        The exchange's sessions; days outside of their span are passed over.

    Returns
    -------
    str
        What is wrong and how to load the dates right, without the name of what has them;
        empty where nothing is.

    Notes
    -----
    A day early puts bars on a weekday on which the exchange never trades and which a session
    follows (Sunday), and leaves the last session of the week (Friday) without one. A day late
    does the same to Saturday and Monday. Which weekdays these are is taken from the sessions:
    a week from Sunday to Thursday, or sessions held on Saturdays, are no shift. Dates that
    are shifted in summer only are found by the same weeks.
    """
    bars = np.unique(days)
    if bars.size < 2 or np.median(np.diff(bars)) > _DAILY:  # noqa: PLR2004 - a gap has two ends
        return ""
    odd = bars[~np.isin(bars, sessions.dates) & ~np.isin(_weekday(bars), _trading(sessions.dates))]
    for step, word, remedy in ((1, "early", "add"), (-1, "late", "take off")):
        pairs, asked = _pairs(odd, bars, sessions.dates, step)
        if len(pairs) >= _WEEKS and len(pairs) >= _MOST_OF * asked:
            first, lost = pairs[0]
            return (
                f"shifted by a day: {len(pairs)} of the dates are {_name(first)}, first {first},"
                f" and {_name(lost)} are missing there: dates lie a day {word}, as midnights of"
                " another time zone do. Give timestamps their zone"
                f' (.tz_localize("UTC").tz_convert("{sessions.zone}")), write dates without a'
                f" time, or {remedy} a day where the whole column is shifted"
            )
    return ""


def _trading(sessions: DateArray) -> IntArray:
    """Return the weekdays on which the exchange trades, not those of a session out of turn."""
    counts = np.bincount(_weekday(sessions), minlength=7)
    return np.flatnonzero(counts > _RARE * counts.max())


def _weekday(days: DateArray) -> IntArray:
    """Return 0 for Mondays to 6 for Sundays."""
    return np.asarray((days.astype("datetime64[D]").astype("int64") + 3) % 7)


def _name(day: np.datetime64) -> str:
    return _NAMES[int(_weekday(np.array([day]))[0])]


def _pairs(
    odd: DateArray, bars: DateArray, sessions: DateArray, step: int
) -> tuple[list[tuple[np.datetime64, np.datetime64]], int]:
    """Return odd days with the session across the weekend that lacks its bar, and how many odd.

    ``step`` is 1 where dates lie early: a session follows the odd day, and the one without a
    bar is the last before it. Odd days at the ends, which have none across, are not counted.
    """
    at = np.searchsorted(sessions, odd + step * _DAY)
    at, odd = at[at < sessions.size], odd[at < sessions.size]
    adjoins = (sessions[at] == odd + step * _DAY) & (at - step >= 0) & (at - step < sessions.size)
    far = sessions[at[adjoins] - step]
    odd = odd[adjoins]
    inside = (far >= bars[0]) & (far <= bars[-1])
    lost = inside & ~np.isin(far, bars)
    return list(zip(odd[lost], far[lost], strict=True)), int(inside.sum())
