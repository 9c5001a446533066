"""The size of every test where nothing happened, and its power where something did.

Twelve cells of the grid behind ``docs/calibration.md``: a share outside the Monte Carlo band of
5 % must be a known property, within the bounds of ``reasons.py``.
"""

from __future__ import annotations

import functools

import grid as g
import numpy as np
import pytest
import reasons

CELLS = (
    g.Cell("normal", 1, 30, 1),
    g.Cell("t(4)", 1, 60, 11),
    g.Cell("normal", 5, 30, 3),
    g.Cell("t(4)", 5, 120, 11),
    g.Cell("normal", 30, 30, 11),
    g.Cell("t(4)", 30, 120, 1),
    g.Cell("skewed", 30, 60, 3),
    g.Cell("contaminated", 30, 30, 1),
    g.Cell("variance x4", 5, 60, 3),
    g.Cell("variance x4", 30, 60, 1),
    g.Cell("clustered", 30, 60, 1),
    g.Cell("spread", 30, 60, 11),
)
CHANGED, TOGETHER, APART = CELLS[9:]


@functools.cache
def sizes(cell):
    return g.sizes(cell)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_every_size_is_five_percent_or_a_known_property(cell):
    found = sizes(cell)
    off = {
        name: size.share
        for name, size in found.items()
        if (size.too_often or size.too_seldom) and not reasons.reason(cell, name, size)
    }
    assert off == {}
    assert all(size.count >= g.BOOTSTRAPPED for size in found.values())


def test_what_every_cell_is_judged_by():
    assert set(sizes(CELLS[0])) == {"single-event t", "SQ rank"}
    assert len(sizes(CHANGED)) == 13
    assert len(sizes(TOGETHER)) == 14  # crude dependence, on one date only


@pytest.mark.parametrize("cell", [CELLS[0], CELLS[1]], ids=str)
def test_one_event_holds_without_any_reason(cell):
    size = sizes(cell)["single-event t"]
    assert not size.too_often
    assert not size.too_seldom


def test_bmp_holds_where_the_variance_rises_and_patell_does_not():
    found = sizes(CHANGED)
    assert found["Patell"].share > 0.2
    for name in ("BMP", "generalised sign", "cross-sectional t"):
        assert not found[name].too_often, name
    assert not found["BMP"].too_seldom


def test_kolari_pynnonen_holds_on_one_date_and_bmp_does_not():
    found = sizes(TOGETHER)
    assert found["BMP"].share > 0.2
    for name in ("Kolari-Pynnonen", "Corrado rank", "crude dependence"):
        assert not found[name].too_often, name
        assert not found[name].too_seldom, name


def test_with_spread_dates_kolari_pynnonen_keeps_its_size():
    """Without the overlap of the windows it would reject 0.1 % of the time (facts)."""
    assert sizes(APART)["Kolari-Pynnonen"].share > 0.025


@pytest.mark.parametrize(
    ("cell", "effects", "seen"),
    [
        (g.Cell("t(4)", 1, 60, 1), (0.0, 1.0, 2.0, 4.0), 0.9),
        (g.Cell("t(4)", 30, 60, 1), (0.0, 0.25, 0.5, 1.0), 0.9),
    ],
    ids=str,
)
def test_power_rises_with_the_effect(cell, effects, seen):
    for name, shares in g.power(cell, effects).items():
        assert (np.diff(shares) > 0).all(), name
        assert shares[-1] > seen, name


@pytest.mark.parametrize("test", ["BMP", "Kolari-Pynnonen", "cross-sectional t"])
def test_a_reason_has_bounds(test):
    """A bug that makes a test reject half of the time is excused nowhere."""
    for cell in CELLS:
        for share in (0.5, 1.0):
            assert reasons.reason(cell, test, g.Size(share, g.REPLICATES)) == ""
