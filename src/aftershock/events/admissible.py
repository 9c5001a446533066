"""Sessions on which an event could have happened and nothing did: where placebos are put."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aftershock.arrays import BoolArray


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
