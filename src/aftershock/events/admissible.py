"""Sessions on which an event could have happened and nothing did: where placebos are put."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aftershock.arrays import BoolArray, IntArray


def admissible(size: int, own: Iterable[tuple[int, int]], reach: int) -> BoolArray:
    """Return which sessions lie further than ``reach`` from every event of the ticker.

    Parameters
    ----------
    size
        Number of sessions.
    own
        First and last position of each of the ticker's events, which may lie outside.
    reach
        Sessions to keep away: one window length.

    Returns
    -------
    ndarray, shape (size,)
        A full estimation window is the caller's to ask for.
    """
    free = np.ones(size, dtype=bool)
    for first, last in own:
        free[max(first - reach, 0) : max(last + reach + 1, 0)] = False
    return free


def chained(rows: IntArray, length: int) -> list[list[int]]:
    """Return events in clusters whose windows, one after the other, share sessions.

    Parameters
    ----------
    rows : ndarray, shape (N,)
        Row of each event's day 0.
    length
        Sessions of the window all of them have.
    """
    order = np.argsort(rows, kind="stable")
    clusters: list[list[int]] = []
    for i in order:
        if clusters and rows[i] - rows[clusters[-1][-1]] < length:
            clusters[-1].append(int(i))
        else:
            clusters.append([int(i)])
    return clusters
