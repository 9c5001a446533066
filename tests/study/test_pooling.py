"""The sample behind the tests, entry by entry."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import aftershock as ash
from aftershock.study.fit import cumulate, fit_event
from aftershock.study.models import Design
from aftershock.study.models.estimate import ALPHA
from aftershock.study.pooling import Member, make_sample
from aftershock.study.windows import Window

N = 60
ESTIMATION, WHOLE, PART = Window(-20, -3), Window(-2, 2), Window(0, 1)


@pytest.fixture
def members():
    rng = np.random.default_rng(51)
    market = 0.01 * rng.standard_normal(N)
    made = []
    for name, ticker, at in (("a", "Z", 30), ("b", "A", 40), ("c", "Z", 45)):
        y = 0.9 * market + 0.02 * rng.standard_normal(N)
        y[25 if name == "a" else 0] = np.nan  # five sessions before the first event
        design = Design((ALPHA, "beta"), np.zeros(N), np.column_stack([np.ones(N), market]))
        fit = fit_event(
            y, ash.MarketModel(benchmark="M"), design, at, window=WHOLE, estimation=ESTIMATION,
            min_obs=5,
        )  # fmt: skip
        made.append(Member(name, ticker, at, fit, {}))
    return made


def test_days_are_where_the_calendar_has_them(members):
    sample = make_sample(members, PART, ESTIMATION, "simple", seed=0)
    expected = np.array([30, 40, 45])[:, None] + np.arange(-20, -2)
    expected[0, 15] = -1
    np.testing.assert_array_equal(sample.days, expected)
    np.testing.assert_array_equal(np.isnan(sample.residuals), sample.days < 0)
    assert sample.window_days.tolist() == [[30, 31], [40, 41], [45, 46]]
    assert sample.firm.tolist() == [1, 0, 1]
    assert sample.inside == slice(2, 4)


def test_every_entry_is_the_fits(members):
    sample = make_sample(members, PART, ESTIMATION, "simple", seed=0)
    for i, member in enumerate(members):
        fit, car = member.fit, cumulate(member.fit, PART, "simple")
        known = sample.days[i] >= 0
        np.testing.assert_array_equal(sample.residuals[i, known], fit.estimate.residuals)
        np.testing.assert_array_equal(sample.standardised[i, known], fit.estimate.standardised)
        np.testing.assert_array_equal(sample.ar[i], fit.ar)
        np.testing.assert_array_equal(sample.ar_se[i], fit.ar_se)
        assert (sample.car[i], sample.se[i], sample.bhar[i]) == (car.car, car.se, car.bhar)
        assert sample.dof[i] == known.sum() - 2


def test_the_share_of_positive_windows_is_of_the_windows_length(members):
    sample = make_sample(members, PART, ESTIMATION, "simple", seed=0)
    for i in range(3):
        pairs = [
            a + b
            for a, b in zip(sample.residuals[i], sample.residuals[i, 1:], strict=False)
            if np.isfinite(a + b)
        ]
        assert len(pairs) == (15 if i == 0 else 17)
        assert sample.share[i] == pytest.approx(np.mean(np.array(pairs) > 0))


def test_nobody_is_a_sample_too(members):
    empty = make_sample([], PART, ESTIMATION, "simple", seed=0)
    assert empty.n == 0
    assert empty.residuals.shape == (0, 18)


def test_inside_a_bridged_halt_nothing_was_observed(members):
    first = members[0]
    span = first.fit.span.copy()
    span[3] = 0.0  # one session after day 0
    halted = dataclasses.replace(first.fit, span=span)
    sample = make_sample(
        [dataclasses.replace(first, fit=halted), *members[1:]], PART, ESTIMATION, "simple", seed=0
    )
    assert np.isnan(sample.ar[0]).tolist() == [False, False, False, True, False]
    assert np.isnan(sample.ar_se[0]).tolist() == [False, False, False, True, False]
    assert np.isfinite(sample.ar[1:]).all()
