"""How often the placebo of a backtest rejects where nothing happened, by simulation.

``python tests/calibration/trading.py`` simulates every cell and prints the table that stands in
``docs/backtests.md``; the suite simulates some of them with fewer worlds.

The statistic is the one that is read: the package places the starts, chains the events and
ranks the profits. Only the profit of a holding is worked out here, for all worlds at once: the
short of a weight of the starting cash in whole shares, from an open to an open, without costs.
A test of the suite holds it to the rule engine.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import product

import numpy as np

from aftershock.backtest.assignments import Span, assign, at_least, profits, share
from aftershock.backtest.ring import Ring, refusal, starts
from aftershock.events.admissible import chained

LEVEL = 0.05
WORLDS = 1_000
DRAWS = 499
DESIGNS = 50  # placements of the events a cell, each in as many worlds
WEIGHT = 0.1
CASH = 10_000_000
SIGMA = 0.03  # a session
HOLDINGS = (1, 5, 15, 30)
EVENTS = (1, 2, 5, 12)
SESSIONS = (81, 161, 401)
LAYOUTS = ("one ticker", "a ticker each")
SCENARIOS = ("t(4)", "skewed", "garch")
GRID = tuple(product((0, 2, 4), (5, 7, 9)))  # entries and exits of the sweep


@dataclass(frozen=True, slots=True)
class Cell:
    """One design: errors, layout, sessions of a ticker, events, sessions held."""

    scenario: str
    layout: str
    sessions: int
    events: int
    holding: int


@dataclass(frozen=True, slots=True)
class Size:
    """How often a cell rejects: worlds that were judged, rejected and refused; fewest starts."""

    judged: int
    rejected: int
    refused: int
    fewest: int

    @property
    def share(self) -> float:
        """Rejections over worlds judged; NaN where all were refused."""
        return self.rejected / self.judged if self.judged else float("nan")


def shocks(scenario, shape, rng):
    """Return errors of mean 0 and deviation 1, shape (W, K, S): worlds, tickers, sessions."""
    if scenario == "skewed":
        return (rng.chisquare(3, shape) - 3.0) / np.sqrt(6.0)
    if scenario == "t(4)":
        return rng.standard_t(4, shape) / np.sqrt(2.0)
    raw = rng.standard_t(6, shape) / np.sqrt(1.5)
    out, variance = np.empty(shape), np.ones(shape[:-1])
    for session in range(shape[-1]):
        out[..., session] = np.sqrt(variance) * raw[..., session]
        variance = 0.03 + 0.12 * out[..., session] ** 2 + 0.85 * variance
    return out


def prices(scenario, worlds, tickers, sessions, rng):
    """Return opens and closes, each (W, K, S); a common factor correlates tickers by a half."""
    both = []
    for _ in ("overnight", "session"):
        common = shocks(scenario, (worlds, 1, sessions), rng)
        own = shocks(scenario, (worlds, tickers, sessions), rng)
        both.append(SIGMA / 2 * (common + own) / (np.sqrt(2.0) if tickers > 1 else 1.0))
    moves = np.maximum(np.stack(both), -0.5)
    moves[:, ..., 0] = 0.0
    closes = 100.0 * np.cumprod((1.0 + moves[0]) * (1.0 + moves[1]), axis=-1)
    opens = closes / (1.0 + moves[1])
    return opens, closes


def ring_profits(opens, closes, first, last):
    """Return the profit of a short from one open to another at every place, (..., S - 1).

    ``first`` and ``last`` are the offsets of the entry and the exit from the start.
    """
    size = closes.shape[-1] - 1
    factor = closes[..., -1:] / closes[..., :1]
    more = last + 1
    longer_open = np.concatenate([opens, opens[..., 1 : more + 1] * factor], axis=-1)
    longer_close = np.concatenate([closes, closes[..., 1 : more + 1] * factor], axis=-1)
    rows = np.arange(1, size + 1)
    shares = np.floor(WEIGHT * CASH / longer_close[..., rows + first - 1])
    moved = longer_open[..., rows + last] - longer_open[..., rows + first]
    return np.round(-shares * moved, 2)


def event_rows(cell, rng):
    """Return the row of each event's entry, and the column of its ticker; None without room."""
    length = cell.holding + 1
    room = cell.sessions - 1
    if cell.layout == "a ticker each":
        rows = rng.integers(1, room - length + 2, cell.events)
        return rows, np.arange(cell.events)
    free = room - cell.events * length
    if free < 0:
        return None
    gaps = np.sort(rng.integers(0, free + 1, cell.events))
    rows = 1 + gaps + length * np.arange(cell.events)
    return rows, np.zeros(cell.events, dtype=int)


def design(cell, rng):
    """Return one placement of the events: clusters, their places, spans and fewest starts.

    A cluster is its members' tickers and distances, its places, and its own row among them.
    None where the placement is refused.
    """
    rows, column = event_rows(cell, rng)
    ring, length = Ring(0, cell.sessions - 1), cell.holding + 1
    held = [(int(row), int(row) + length - 1, str(c)) for row, c in zip(rows, column, strict=True)]
    clusters, spans, fewest = [], [], ring.size
    for members in chained(rows, length):
        mine = [held[member] for member in members]
        places = starts(ring, mine, [])
        entry, reach = mine[0][0], max(one[1] for one in mine) - mine[0][0] + 1
        room = starts(ring, mine, [one for one in held if one not in mine]).size
        fewest = min(fewest, room)
        if refusal(room, reach):
            return None, fewest
        spans.append([Span("ring", ring.rows(places), reach, ring.size)])
        own = int(np.searchsorted(places, ring.place(entry)))
        clusters.append(([(column[m], held[m][0] - entry) for m in members], places, own))
    return (clusters, spans), fewest


def judge(drawn, made, rng):
    """Return the p-value of each world of one placement, shape (W,).

    ``made`` has shape (W, K, n, G): worlds, tickers, places, cells of the grid. The best cell
    is ranked among the best.
    """
    clusters, spans = drawn
    own = [row for _, _, row in clusters]
    sizes = [places.size for _, places, _ in clusters]
    seed = int(rng.integers(2**31))
    rows, enumerated = assign(sizes, own, draws=DRAWS, seed=seed, spans=spans)
    worlds, cells = made.shape[0], made.shape[-1]
    tables = []
    for members, places, _ in clusters:
        summed = sum(np.roll(made[:, ticker], -ahead, axis=1) for ticker, ahead in members)
        tables.append(summed[:, places].swapaxes(0, 1).reshape(places.size, -1))
    sums = profits(tables, rows).reshape(len(rows), worlds, cells).max(axis=-1)
    real = profits(tables, np.array([own])).reshape(worlds, cells).max(axis=-1)
    return share(at_least(sums, real), len(rows), enumerated=enumerated)


def size(cell, worlds=WORLDS, seed=0, grid=None):
    """Return how often a cell rejects, or the best cell of a grid of entries and exits."""
    words = [seed, *map(ord, cell.scenario), cell.sessions, cell.events, cell.holding]
    rng = np.random.default_rng([*words, len(cell.layout)])
    if event_rows(cell, rng) is None:
        return None
    tickers = 1 if cell.layout == "one ticker" else cell.events
    offsets = grid or ((0, cell.holding),)
    each = worlds // DESIGNS
    rejected = refused = 0
    lowest = cell.sessions
    for _ in range(DESIGNS):
        drawn, fewest = design(cell, rng)
        if drawn is None:
            refused += each
            continue
        lowest = min(lowest, fewest)
        opens, closes = prices(cell.scenario, each, tickers, cell.sessions, rng)
        made = np.stack([ring_profits(opens, closes, *pair) for pair in offsets], axis=-1)
        rejected += int((judge(drawn, made, rng) <= LEVEL + 1e-9).sum())
    return Size(each * DESIGNS - refused, rejected, refused, lowest)


def cells():
    """Yield every cell of the table."""
    for parts in product(SCENARIOS, LAYOUTS, SESSIONS, EVENTS, HOLDINGS):
        yield Cell(*parts)


def main(write=sys.stdout.write):
    """Write one line a cell."""
    write("| errors | layout | sessions | events | held | rejected | refused | fewest starts |\n")
    write("|---|---|---|---|---|---|---|---|\n")
    for cell in cells():
        found = size(cell)
        if found is not None:
            parts = (cell.scenario, cell.layout, cell.sessions, cell.events, cell.holding)
            figures = f"{found.share:.3f} | {found.refused} | {found.fewest}"
            write(f"| {' | '.join(map(str, parts))} | {figures} |\n")


if __name__ == "__main__":
    main()
