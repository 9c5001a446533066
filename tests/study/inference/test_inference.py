"""Tests against hand calculations and against scipy, which we did not write."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from aftershock.study.inference.cross_section import cross_sectional_t
from aftershock.study.inference.sign import generalised_sign, positive_share
from aftershock.study.inference.standardised import bmp

CAR = np.array([0.02, -0.01, 0.05, 0.03, -0.02, 0.04])
SE = np.array([0.02, 0.01, 0.03, 0.02, 0.04, 0.02])


def test_cross_sectional_t_is_the_one_sample_t():
    assert cross_sectional_t(CAR) == pytest.approx(stats.ttest_1samp(CAR, 0.0).statistic, rel=1e-12)


def test_bmp_is_the_t_of_standardised_cars():
    assert bmp(CAR / SE) == pytest.approx(stats.ttest_1samp(CAR / SE, 0.0).statistic, rel=1e-12)


def test_generalised_sign_by_hand():
    # 4 of 6 positive; shares average 0.45: (4 - 2.7) / sqrt(6 * 0.45 * 0.55)
    share = np.array([0.4, 0.5, 0.45, 0.45, 0.4, 0.5])
    assert generalised_sign(CAR, share) == pytest.approx(1.3 / np.sqrt(1.485), rel=1e-12)


def test_the_share_of_positive_cars_rolls_over_the_estimation_window():
    residuals = np.array([1.0, -3.0, 2.5, -1.0, 2.0])
    assert positive_share(residuals, 1) == pytest.approx(3 / 5)
    # sums of two: -2, -0.5, 1.5, 1
    assert positive_share(residuals, 2) == pytest.approx(2 / 4)
    assert positive_share(residuals, 5) == pytest.approx(1.0)  # 1.5


def test_statistics_take_replicates_in_front():
    rng = np.random.default_rng(0)
    many = rng.standard_normal((4, 3, 10))
    share = np.full_like(many, 0.5)
    for statistic in (cross_sectional_t(many), bmp(many), generalised_sign(many, share)):
        assert statistic.shape == (4, 3)
    assert cross_sectional_t(many)[2, 1] == pytest.approx(cross_sectional_t(many[2, 1]))
    assert positive_share(many, 3).shape == (4, 3)
