"""Date offsets of exchange_calendars, completed with what pandas 3.1 asks them.

pandas 3.1 moves a day by ``_add_datetime``, which was ``_apply`` before, and makes a range of
business days from a mask. exchange_calendars 4.13.2 answers to neither name: its Easter and
Hebrew offsets raise (ASEX, XBEL, XBSE, XCYS, XTAE), and its calendars with special weeks lose
the weekend sessions of those (XBOM, XKRX, XMOS, XTAE). An offset with an answer of its own
keeps it, so a release that knows pandas 3.1 is left alone.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.arrays import BoolArray, DateArray

_LIBRARY = "exchange_calendars"


@cache
def complete_offsets() -> None:
    """Give every offset of exchange_calendars the methods that pandas 3.1 calls."""
    from exchange_calendars.pandas_extensions.offsets import CompositeCustomBusinessDay
    from pandas.tseries.offsets import BaseOffset

    _lend(CompositeCustomBusinessDay, "_add_datetime", _moved)
    _lend(CompositeCustomBusinessDay, "_get_daily_offset_mask", _on_offset)
    for offset in _descendants(BaseOffset):
        if offset.__module__.startswith(_LIBRARY) and "_apply" in vars(offset):
            _lend(offset, "_add_datetime", vars(offset)["_apply"])


def _lend(offset: type[Any], name: str, method: Any) -> None:
    if name not in vars(offset):
        setattr(offset, name, method)


def _descendants(base: type[Any]) -> Iterator[type[Any]]:
    for child in base.__subclasses__():
        yield child
        yield from _descendants(child)


def _moved(self: Any, day: dt.datetime) -> pd.Timestamp:
    """Return the business day ``self.n`` business days from ``day``."""
    step = dt.timedelta(days=1 if self.n > 0 else -1)
    moved = pd.Timestamp(day)
    for _ in range(abs(self.n)):
        moved += step
        while not self.is_on_offset(moved):
            moved += step
    return moved


def _on_offset(self: Any, days: DateArray) -> BoolArray:
    """Return which days are business days, shape of ``days``."""
    return np.array([self.is_on_offset(day) for day in pd.DatetimeIndex(days)], dtype=bool)
