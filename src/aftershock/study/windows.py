"""Windows of sessions around day 0, closed at both ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aftershock.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.arrays import BoolArray, IntArray


class Window(NamedTuple):
    """Offsets from day 0, both included: (-1, 1) is three sessions."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Number of sessions."""
        return self.end - self.start + 1

    @property
    def offsets(self) -> IntArray:
        """Every offset, ascending, shape (length,)."""
        return np.arange(self.start, self.end + 1)

    def within(self, whole: Window) -> slice:
        """Return where this window's sessions stand in arrays over ``whole``."""
        return slice(self.start - whole.start, self.end - whole.start + 1)

    def __str__(self) -> str:
        return f"({self.start},{self.end})"


def as_window(value: tuple[int, int], name: str) -> Window:
    """Return a validated window.

    Raises
    ------
    StudyError
        Not two whole numbers, or the first is after the second.
    """
    try:
        start, end = value
    except (TypeError, ValueError) as cause:
        raise StudyError(f"{name} is {value!r}; write two offsets, such as (-1, 1)") from cause
    if not all(isinstance(offset, int | np.integer) for offset in (start, end)):
        raise StudyError(f"{name} is {value!r}; offsets are whole numbers of sessions")
    if start > end:
        raise StudyError(f"{name} is {value!r}; it must run forward, such as ({end}, {start})")
    return Window(int(start), int(end))


def as_windows(values: Sequence[tuple[int, int]], name: str) -> tuple[Window, ...]:
    """Return validated windows, each once.

    Raises
    ------
    StudyError
        No list of windows, an empty one, or one of them twice.
    """
    if not isinstance(values, list | tuple) or not values or isinstance(values[0], int):
        raise StudyError(
            f"{name} is {values!r}; write a list of windows, such as [(0, 0), (-1, 1)]"
        )
    found = tuple(as_window(value, name) for value in values)
    if len(set(found)) < len(found):
        raise StudyError(f"{name} is {values!r}; one window stands twice")
    return found


def rows(day_zero: int, window: Window, size: int) -> tuple[IntArray, BoolArray]:
    """Return the rows of a window around day 0, and which of them exist.

    Parameters
    ----------
    day_zero
        Row of day 0.
    window
        Offsets wanted, L of them.
    size
        Number of rows there are.

    Returns
    -------
    rows, inside : ndarray, shape (L,)
        Rows clipped into 0 to ``size - 1``, and True where no clipping was needed.
    """
    wanted = day_zero + window.offsets
    inside = (wanted >= 0) & (wanted < size)
    return np.clip(wanted, 0, size - 1), inside


def estimation_rows(
    day_zero: int, window: Window, usable: BoolArray, skip: BoolArray | None = None
) -> IntArray:
    """Return the rows of the estimation window that can be used.

    Parameters
    ----------
    day_zero
        Row of day 0.
    window
        Offsets of the estimation window.
    usable : ndarray, shape (S,)
        True where every return the model needs is there.
    skip : ndarray, shape (S,)
        True on rows to leave out.
    """
    at, inside = rows(day_zero, window, usable.size)
    keep = inside & usable[at]
    if skip is not None:
        keep &= ~skip[at]
    return at[keep]
