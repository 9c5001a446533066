"""What a strategy reads off closes that have passed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def reaction(own: Sequence[float], market: Sequence[float], offset: int) -> float:
    """Return what a stock did beyond the benchmark since the close before day 0.

    Parameters
    ----------
    own, market
        Closes up to the session before ``offset``: ``closes(ticker, offset + 1)``, so that the
        first is that of session -1.
    offset
        The next session's offset, 1 or more: the close of day 0 has passed.

    Returns
    -------
    float
        A decimal; NaN where either close is missing, the series is shorter, or day 0 has no
        close yet.
    """
    count = offset + 1
    if offset < 1 or len(own) < count or len(market) < count:
        return math.nan
    return own[-1] / own[-count] - market[-1] / market[-count]
