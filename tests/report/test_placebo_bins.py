"""The placebo histogram's bins against the placebo tests they draw."""

from __future__ import annotations

import numpy as np
import pytest

from aftershock.tables import read_table


def test_bins_hold_as_many_sessions_as_the_test_compared_with(run):
    study = run / "studies" / "lockups"
    placebo, single = read_table(study / "placebo.csv"), read_table(study / "single.csv")
    keys = ["event", "start", "end"]
    drawn = placebo.groupby(keys)["count"].sum()
    compared = single[(single["test"] == "ring") & single["p_value"].notna()].set_index(keys)
    assert len(drawn) == len(compared) > 0
    for key, count in drawn.items():
        assert count == compared.loc[key, "n"] - 1
    observed = placebo.groupby(keys)["statistic"].first()
    assert observed.to_dict() == pytest.approx(compared["statistic"].to_dict())


def test_bins_of_one_event_touch_and_are_equally_wide(run):
    placebo = read_table(run / "studies" / "lockups" / "placebo.csv")
    for _, own in placebo.groupby(["event", "start", "end"]):
        np.testing.assert_allclose(own["upper"].to_numpy()[:-1], own["lower"].to_numpy()[1:])
        np.testing.assert_allclose(np.ptp(own["upper"] - own["lower"]), 0.0, atol=1e-12)
