"""What is known of each event besides its date, and how deep the price fell after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.events.kinds import LockupExpiry
from aftershock.events.supply import supply_steps, tranche_by_nature
from aftershock.formats import counted
from aftershock.prices.panel import PricePanel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.events.book import EventBook
    from aftershock.events.kinds import Event
    from aftershock.study.windows import Window

RUN_UP = 20  # sessions before day 0
FEW = 10


def attribute_table(
    events: Sequence[tuple[str, Event, int | None]], book: EventBook, prices: object
) -> pd.DataFrame:
    """Return one row per event: its own attributes, supply, and the run-up before it.

    Parameters
    ----------
    events
        Id, event and row of day 0 (None where it has none in the prices).
    book
        For the share structure.
    prices
        The panel; only a price panel has a run-up.

    Returns
    -------
    DataFrame
        ``percent`` and the like as in the event file, ``supply_multiple`` on one base,
        ``financial_share`` and ``state_share`` of the unlocking tranche, ``run_up`` the
        return over the 20 sessions to the close of day -1.
    """
    multiples = {
        step.event: step.multiple for step in supply_steps(book) if step.basis == "one_base"
    }
    rows = []
    for name, event, row in events:
        values: dict[str, Any] = {"event": name, "ticker": event.ticker, "kind": event.kind}
        plain = (str, int, float)
        values |= {key: own for key, own in event.attributes.items() if isinstance(own, plain)}
        if isinstance(event, LockupExpiry):
            parts = tranche_by_nature(event) if event.holders else {}
            values["supply_multiple"] = multiples.get(event.id, np.nan)
            values["financial_share"] = parts.get("financial", 0.0) if parts else np.nan
            values["state_share"] = parts.get("state", 0.0) if parts else np.nan
        values["run_up"] = _run_up(prices, event.ticker, row)
        rows.append(values)
    return pd.DataFrame(rows)


def _run_up(prices: object, ticker: str, row: int | None) -> float:
    if not isinstance(prices, PricePanel) or row is None or row <= RUN_UP:
        return float("nan")
    close = prices.adjusted_close()[:, prices.column(ticker)]
    return float(close[row - 1] / close[row - 1 - RUN_UP] - 1.0)


def depth_table(
    events: Sequence[tuple[str, Event, int | None]],
    attributes: pd.DataFrame,
    prices: object,
    window: Window,
) -> pd.DataFrame:
    """Return how deep the price fell after each event, beside its size and holders.

    Depth is the lowest close of the window over the close of day -1, minus 1. It describes:
    with a handful of events there is nothing to test, and ``note`` says how many there are.
    """
    rows = []
    for name, event, row in events:
        if row is None or row < 1 or not isinstance(prices, PricePanel):
            continue
        close = prices.adjusted_close()[:, prices.column(event.ticker)]
        after = close[row : row + window.end + 1]
        if not np.isfinite(close[row - 1]) or not np.isfinite(after).any():
            continue
        at = int(np.nanargmin(after))
        rows.append(
            {
                "event": name,
                "ticker": event.ticker,
                "depth": min(float(after[at] / close[row - 1] - 1.0), 0.0),
                "trough": str(prices.sessions.date(row + at)),
                "sessions": int(np.isfinite(after).sum()),
            }
        )
    columns = ["event", "ticker", "depth", "trough", "sessions"]
    table = pd.DataFrame(rows, columns=columns)
    own = [name for name in attributes.columns if name not in {"ticker", "kind"}]
    table = table.merge(attributes[own], on="event", how="left")
    short = table["sessions"] < window.length
    table["note"] = np.where(short, f"fewer than {counted(window.length, 'session')} so far", "")
    count = len(table)
    said = f"{counted(count, 'observation')}: a description, not a test"
    return table.assign(reading=said if count < FEW else "")
