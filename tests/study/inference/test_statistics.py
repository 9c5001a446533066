"""Each statistic against a calculation written out here."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from aftershock.study.inference.bootstrap import bootstrap_p, caar_p
from aftershock.study.inference.cross_section import (
    cross_sectional_t,
    crude_dependence,
    skewness_adjusted_t,
)
from aftershock.study.inference.multiple import adjusted
from aftershock.study.inference.power import detectable, power
from aftershock.study.inference.ranks import corrado, corrado_zivney, grank_t, rank_scores
from aftershock.study.inference.sign import binomial_p, positive_share, sign, wilcoxon
from aftershock.study.inference.single import placebo_p, sq_p
from aftershock.study.inference.standardised import kolari_pynnonen, mean_correlation, patell

CAR = np.array([0.02, -0.01, 0.05, 0.03, -0.02, 0.04])


def test_patell_by_hand():
    scar, dof = np.array([1.0, 2.0, -0.5]), np.array([10.0, 20.0, 30.0])
    assert patell(scar, dof) == pytest.approx(2.5 / np.sqrt(1.25 + 1.1111111111 + 1.0714285714))


def test_kolari_pynnonen_by_hand():
    scar = np.array([1.0, 2.0, 0.5, 1.5])
    bmp = scar.mean() / (scar.std(ddof=1) / 2)
    assert kolari_pynnonen(scar, 0.1) == pytest.approx(bmp * np.sqrt(0.9 / 1.3))
    assert kolari_pynnonen(scar, 0.0) == pytest.approx(bmp)
    assert np.isnan(kolari_pynnonen(scar, -0.5))  # 1 + 3 r is negative


def test_correlation_is_aligned_on_the_calendar_and_weighted_by_overlap():
    base = np.array([1.0, -2.0, 0.5, 3.0, -1.0, 2.0])
    residuals = np.array([base[:5], base[1:]])  # the same days hold the same values
    days = np.array([[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]])
    same_day = np.array([[10, 11], [10, 11]])
    half = np.array([[10, 11], [11, 12]])
    apart = np.array([[10, 11], [12, 13]])
    firms = np.array([0, 1])
    assert mean_correlation(residuals, days, same_day, firms) == pytest.approx(1.0)
    assert mean_correlation(residuals, days, half, firms) == pytest.approx(0.5)
    assert mean_correlation(residuals, days, apart, firms) == 0.0
    # aligned by position instead of by day the correlation would be another
    assert abs(np.corrcoef(base[:5], base[1:])[0, 1]) < 0.9


def test_two_common_days_are_no_correlation():
    residuals = np.array([[1.0, -2.0, 0.5, 3.0], [0.4, 3.0, -1.0, 2.0]])
    windows, firms = np.array([[20], [20]]), np.array([0, 1])
    two = np.array([[0, 1, 2, 3], [2, 3, 4, 5]])
    three = np.array([[0, 1, 2, 3], [1, 2, 3, 4]])
    assert mean_correlation(residuals, two, windows, firms) == 0.0
    expected = np.corrcoef(residuals[0, 1:], residuals[1, :3])[0, 1]
    assert mean_correlation(residuals, three, windows, firms) == pytest.approx(expected)
    missing = np.where(two == 3, -1, two)
    assert mean_correlation(residuals, missing, windows, firms) == 0.0


def test_two_events_of_one_stock_are_correlated_one_to_one():
    residuals = np.random.default_rng(0).standard_normal((2, 5))
    days = np.array([[0, 1, 2, 3, 4], [20, 21, 22, 23, 24]])
    windows = np.array([[30, 31], [31, 32]])
    assert mean_correlation(residuals, days, windows, np.array([7, 7])) == pytest.approx(0.5)


def test_skewness_adjusted_t_by_hand():
    n, mean, sd = 6, CAR.mean(), CAR.std(ddof=1)
    s, g = mean / sd, stats.skew(CAR, bias=False)
    expected = np.sqrt(n) * (s + g * s**2 / 3 + g**2 * s**3 / 27 + g / (6 * n))
    assert skewness_adjusted_t(CAR) == pytest.approx(expected)


def test_crude_dependence_by_hand():
    past = np.array([0.01, -0.02, 0.03, 0.0, -0.01])
    assert crude_dependence(np.array([0.04, 0.02]), past) == pytest.approx(
        0.06 / (past.std(ddof=1) * np.sqrt(2))
    )


def test_sign_by_hand():
    assert sign(CAR) == pytest.approx((4 - 3) / (np.sqrt(6) / 2))
    assert sign(np.array([0.0, 1.0])) == pytest.approx(0.0)  # exactly 0 is not positive


@pytest.mark.parametrize("share", [0.5, 0.47])
@pytest.mark.parametrize("positive", [0, 3, 6])
def test_signs_have_the_binomial_p_of_r(positive, share):
    car = np.where(np.arange(6) < positive, 0.01, -0.01)
    tails = (stats.binom.cdf(positive, 6, share), stats.binom.sf(positive - 1, 6, share))
    assert binomial_p(car, share) == pytest.approx(min(1.0, 2 * min(tails)))
    if share == 0.5:  # doubling is what scipy does where the distribution is symmetric
        exact = stats.binomtest(positive, 6, 0.5).pvalue
        assert binomial_p(car, share) == pytest.approx(exact)


def test_the_share_of_positive_windows_skips_the_missing():
    residuals = np.array([1.0, -2.0, 3.0, np.nan, 1.0, 1.0, -3.0])
    # whole pairs: -1, 1, 2, -2; whole triples: 2, -1
    assert positive_share(residuals, 1) == pytest.approx(4 / 6)
    assert positive_share(residuals, 2) == pytest.approx(2 / 4)
    assert positive_share(residuals, 3) == pytest.approx(1 / 2)
    assert np.isnan(positive_share(residuals, 4))
    assert np.isnan(positive_share(residuals, 9))


def test_a_window_that_adds_up_to_nothing_is_not_positive():
    residuals = np.array([1.0, -1.0, 2.0, -2.0])  # sums of two: 0, 1, 0
    assert positive_share(residuals, 2) == pytest.approx(1 / 3)


def test_wilcoxon_drops_zeros():
    car = np.array([0.0, 0.1, -0.2, 0.3, 0.0])  # ranks 1, 2, 3 of the three that moved
    statistic, p = wilcoxon(car)
    assert statistic == 4
    assert p == pytest.approx(stats.wilcoxon(car[car != 0]).pvalue)


def test_wilcoxon_is_scipys():
    statistic, p = wilcoxon(CAR + 0.0003 * np.arange(6))
    expected = stats.wilcoxon(CAR + 0.0003 * np.arange(6), alternative="two-sided")
    assert p == pytest.approx(expected.pvalue)
    assert (
        statistic + expected.statistic == 21 or statistic == expected.statistic
    )  # W+ or its complement


def test_ranks_share_ties_and_skip_the_missing():
    scores = rank_scores(np.array([[3.0, 1.0, 1.0, np.nan, 5.0]]))
    # ranks 3, 1.5, 1.5, -, 4 over 1 + 4
    np.testing.assert_allclose(scores, [[0.1, -0.2, -0.2, np.nan, 0.3]])


def test_corrado_by_hand():
    estimation = np.array([[0.1, -0.2, 0.3, 0.0], [0.2, 0.4, -0.1, 0.1]])
    event = np.array([[0.5], [0.3]])
    u = np.array([[3, 1, 4, 2, 5], [3, 5, 1, 2, 4]]) / 6 - 0.5
    days = u.sum(axis=0) / np.sqrt(2)
    expected = days[4] / np.sqrt((days**2).mean())
    assert corrado(estimation, event, slice(0, 1)) == pytest.approx(expected)


HOLED = np.array([[0.1, -0.2, 0.3, 0.0], [0.2, np.nan, -0.1, 0.1], [0.4, 0.3, np.nan, -0.5]])


def test_corrado_counts_the_events_each_day_has():
    event = np.array([[0.5], [0.3], [-0.9]])
    u = np.array(
        [[3 / 6, 1 / 6, 4 / 6, 2 / 6, 5 / 6], [3 / 5, np.nan, 1 / 5, 2 / 5, 4 / 5],
         [4 / 5, 3 / 5, np.nan, 2 / 5, 1 / 5]]
    ) - 0.5  # fmt: skip
    days = np.nansum(u, axis=0) / np.sqrt([3, 2, 2, 3, 3])
    expected = days[4] / np.sqrt((days**2).mean())
    assert corrado(HOLED, event, slice(0, 1)) == pytest.approx(expected)


def test_grank_counts_the_events_each_day_has():
    scar = np.array([1.0, -0.5, 2.0])
    values = np.column_stack([HOLED, scar / scar.std(ddof=1)])
    counts = np.isfinite(values).sum(axis=1, keepdims=True)
    u = stats.rankdata(values, axis=1, nan_policy="omit") / (1 + counts) - 0.5
    mean = np.nanmean(u, axis=0)
    known = np.array([3, 2, 2, 3, 3])
    z = mean[-1] / np.sqrt((known / 3 * mean**2).mean())
    assert grank_t(HOLED, scar)[0] == pytest.approx(z * np.sqrt(3 / (4 - z**2)))


def test_corrado_zivney_is_in_units_of_each_events_own_error():
    rng = np.random.default_rng(8)
    estimation, event = rng.standard_normal((12, 40)), rng.standard_normal((12, 2))
    unit = np.where(np.arange(12) % 2, 10.0, 0.1)[:, None]
    own = corrado_zivney(estimation, event, np.ones((12, 2)), slice(0, 2))
    scaled = corrado_zivney(estimation, unit * event, unit * np.ones((12, 2)), slice(0, 2))
    assert scaled == pytest.approx(own)


def test_corrado_zivney_gives_a_day_of_one_event_no_rank():
    rng = np.random.default_rng(9)
    estimation, event = rng.standard_normal((12, 40)), rng.standard_normal((12, 2))
    lonely = np.column_stack([event, np.where(np.arange(12) == 3, 1.5, np.nan)])
    own = corrado_zivney(estimation, lonely, np.ones((12, 3)), slice(0, 2))
    without = corrado_zivney(estimation, event, np.ones((12, 2)), slice(0, 2))
    assert own == pytest.approx(without)


def test_corrado_cumulates_with_the_root_of_the_length():
    rng = np.random.default_rng(1)
    estimation, event = rng.standard_normal((5, 40)), rng.standard_normal((5, 5))
    single = [corrado(estimation, event, slice(i, i + 1)) for i in range(5)]
    assert corrado(estimation, event, slice(1, 4)) == pytest.approx(sum(single[1:4]) / np.sqrt(3))


def test_corrado_zivney_ignores_a_common_rise_of_variance():
    rng = np.random.default_rng(2)
    estimation, event = rng.standard_normal((12, 60)), rng.standard_normal((12, 1))
    se = np.ones_like(event)
    calm = corrado_zivney(estimation, event, se, slice(0, 1))
    assert corrado_zivney(estimation, 5 * event, se, slice(0, 1)) == pytest.approx(calm)


def test_grank_by_hand():
    rng = np.random.default_rng(3)
    estimation, scar = rng.standard_normal((11, 20)), rng.standard_normal(11) + 0.5
    day = scar / scar.std(ddof=1)
    u = stats.rankdata(np.column_stack([estimation, day]), axis=1) / 22 - 0.5
    mean = u.mean(axis=0)
    z = mean[-1] / np.sqrt((mean**2).mean())
    statistic, dof = grank_t(estimation, scar)
    assert dof == 19
    assert statistic == pytest.approx(z * np.sqrt(19 / (20 - z**2)))


def test_grank_counts_the_days_that_any_event_has():
    """New listings: the first ten days of the estimation window are nobody's."""
    rng = np.random.default_rng(3)
    short, scar = rng.standard_normal((11, 20)), rng.standard_normal(11) + 0.5
    long = np.column_stack([np.full((11, 10), np.nan), short])
    (of_long, dof), (of_short, same) = grank_t(long, scar), grank_t(short, scar)
    assert (float(of_long), dof) == (pytest.approx(float(of_short)), same)


def test_sq_is_a_rank_with_a_floor():
    residuals, leverage = np.array([0.01, -0.02, 0.03, 0.005]), np.zeros(4)
    assert sq_p(residuals, leverage, -0.025, 0.0) == pytest.approx(2 / 5)  # one is larger
    assert sq_p(residuals, leverage, 0.5, 0.0) == pytest.approx(1 / 5)  # the floor
    assert sq_p(residuals, leverage, 0.031, 0.2) == pytest.approx(2 / 5)  # 0.031 / sqrt(1.2) < 0.03
    near = np.array([0.0, 0.4, 0.0, 0.0])  # 0.02 / sqrt(0.6) = 0.0258 > 0.025
    assert sq_p(residuals, near, -0.025, 0.0) == pytest.approx(3 / 5)


def test_placebo_p_counts_the_event_in():
    assert placebo_p(2.0, np.array([1.0, -2.5, np.nan, 0.3])) == pytest.approx(2 / 4)
    assert placebo_p(9.0, np.array([1.0, -2.5])) == pytest.approx(1 / 3)


def test_holm_and_benjamini_hochberg_by_hand():
    p = np.array([0.01, 0.04, np.nan, 0.03])
    holm, bh = adjusted(p)
    # Holm: 3 x .01, then 2 x .03, then max(1 x .04, .06); BH: .01 x 3, .04, .03 x 3/2 -> .04
    np.testing.assert_allclose(holm, [0.03, 0.06, np.nan, 0.06])
    np.testing.assert_allclose(bh, [0.03, 0.04, np.nan, 0.04])
    assert np.isnan(adjusted(np.array([np.nan]))[0]).all()


def test_the_detectable_effect_is_not_the_critical_value():
    # facts: MiniMax's and Zhipu's day 0, dof 48: about 24 % and 34 %, critical 17 % and 24 %
    assert detectable(0.08526596, 48) == pytest.approx(0.24, abs=0.005)
    assert detectable(0.11857922, 48) == pytest.approx(0.34, abs=0.005)
    assert stats.t.ppf(0.975, 48) * 0.11857922 == pytest.approx(0.24, abs=0.005)


def test_power_at_no_effect_at_the_critical_value_and_at_the_detectable_one():
    se, dof = 0.02, 48.0
    assert power(0.0, se, dof) == pytest.approx(0.05)
    assert power(stats.t.ppf(0.975, dof) * se, se, dof) == pytest.approx(0.5, abs=0.01)
    assert power(detectable(se, dof), se, dof) == pytest.approx(0.8, abs=0.005)


def test_power_agrees_with_a_simulation():
    rng = np.random.default_rng(4)
    draws = 40_000
    z, chi = rng.standard_normal(draws) + 2.0, rng.chisquare(12, draws)
    rejected = (np.abs(z / np.sqrt(chi / 12)) > stats.t.ppf(0.975, 12)).mean()
    assert power(2.0, 1.0, 12.0) == pytest.approx(rejected, abs=0.01)


def test_the_bootstrap_counts_what_is_more_extreme():
    rng = np.random.default_rng(5)
    car = 0.01 + 0.02 * rng.standard_normal(40)
    p = float(caar_p(car, np.random.default_rng(0)))
    assert p == pytest.approx(stats.ttest_1samp(car, 0).pvalue, abs=0.03)
    assert float(
        bootstrap_p(car + 1.0, cross_sectional_t, np.random.default_rng(0))
    ) == pytest.approx(1 / 1000)


@pytest.mark.parametrize(
    "statistic",
    [
        cross_sectional_t,
        skewness_adjusted_t,
        sign,
        lambda c: wilcoxon(c)[0],
        lambda c: patell(c, np.full(10, 50.0)),
    ],
)
def test_statistics_take_replicates_in_front(statistic):
    many = np.random.default_rng(6).standard_normal((3, 4, 10))
    out = statistic(many)
    assert out.shape == (3, 4)
    assert out[1, 2] == pytest.approx(statistic(many[1, 2]))


def test_rank_statistics_take_replicates_in_front():
    rng = np.random.default_rng(7)
    estimation, event, scar = (
        rng.standard_normal((3, 6, 30)),
        rng.standard_normal((3, 6, 2)),
        rng.standard_normal((3, 6)),
    )
    assert corrado(estimation, event, slice(0, 2))[1] == pytest.approx(
        corrado(estimation[1], event[1], slice(0, 2))
    )
    assert grank_t(estimation, scar)[0][2] == pytest.approx(grank_t(estimation[2], scar[2])[0])
    se = np.ones_like(event)
    assert corrado_zivney(estimation, event, se, slice(0, 1))[0] == pytest.approx(
        corrado_zivney(estimation[0], event[0], se[0], slice(0, 1))
    )
