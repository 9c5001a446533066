"""Months, costs and bins against hand calculations."""

from __future__ import annotations

import pandas as pd
import pytest

from aftershock.report.derive import bins, by_item, months


def curve(levels, start="2026-01-29"):
    return pd.DataFrame({"session": pd.bdate_range(start, periods=len(levels)), "equity": levels})


def test_months_count_from_the_last_close_of_the_month_before():
    found = months(curve([100.0, 110.0, 99.0, 121.0]))  # two sessions in January, two in February
    assert found["year"].tolist() == [2026, 2026]
    assert found["month"].tolist() == [1, 2]
    assert found["return"].tolist() == pytest.approx([0.10, 121 / 110 - 1])


def test_costs_by_item_are_largest_first_and_add_up():
    costs = pd.DataFrame({"item": ["a", "b", "a"], "amount": [1.1, 5.0, 2.2]})
    assert by_item(costs).to_numpy().tolist() == [["b", 5.0], ["a", 3.3]]


def test_bins_hold_every_draw():
    found = bins(pd.Series([0.0, 1.0, 2.0, 3.0, None]))
    assert found["count"].sum() == 4
    assert found["lower"].iloc[0] == 0.0
    assert found["upper"].iloc[-1] == 3.0
