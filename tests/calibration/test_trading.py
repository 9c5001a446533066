"""The placebo of a backtest where nothing happened; ``trading.py`` simulates the whole table."""

from __future__ import annotations

import numpy as np
import pytest
import trading as t

WORLDS = 1_000
WIDE = 3.5 * np.sqrt(0.05 * 0.95 / WORLDS)  # Monte Carlo deviations of a share of 5 %

CELLS = (
    t.Cell("t(4)", "one ticker", 161, 1, 1),
    t.Cell("skewed", "one ticker", 161, 1, 15),
    t.Cell("garch", "one ticker", 161, 1, 30),
    t.Cell("t(4)", "one ticker", 161, 5, 5),
    t.Cell("garch", "a ticker each", 161, 5, 5),
    t.Cell("t(4)", "a ticker each", 401, 12, 5),
)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_placebo_rejects_five_percent_of_worlds_without_an_effect(cell):
    found = t.size(cell, worlds=WORLDS)
    assert found.refused == 0
    assert abs(found.share - t.LEVEL) < WIDE


@pytest.mark.parametrize("events", [1, 5])
def test_the_best_of_a_grid_rejects_five_percent_too(events):
    found = t.size(t.Cell("t(4)", "one ticker", 161, events, 9), worlds=WORLDS, grid=t.GRID)
    assert found.refused == 0
    assert abs(found.share - t.LEVEL) < WIDE


def test_a_ring_too_short_is_refused_and_counted():
    found = t.size(t.Cell("t(4)", "one ticker", 81, 1, 30), worlds=WORLDS)
    assert (found.judged, found.refused) == (0, WORLDS)
