"""Published single figures that fit in a test, so that every checkout has them.

The whole data sets behind the first two are compared in ``test_published_cases.py``, where they
are at hand. Tolerances are the prints'.
"""

from __future__ import annotations

import numpy as np
import pytest

from aftershock.study.inference.cross_section import cross_sectional_t, crude_dependence
from aftershock.study.inference.outcome import two_sided_t
from aftershock.study.inference.power import detectable
from aftershock.study.inference.sign import generalised_sign, sign, wilcoxon
from aftershock.study.inference.standardised import bmp, patell
from aftershock.study.models.batch import batch_least_squares
from aftershock.study.models.estimate import least_squares

# Seven US stocks on 2020-03-16, market model on 240 days (R estudy2's example): abnormal
# returns, the same over their prediction-error standard deviations, degrees of freedom.
# AMZN, ZM, UBER, NFLX, SHOP, FB, UPWK
AR = np.array(
    [0.05504543, 0.04021690, 0.03953978, 0.00436097, -0.03928914, -0.02204723, 0.08525508]
)
SAR = np.array(
    [4.52522981, 0.92872590, 1.23060764, 0.20645851, -1.31411533, -1.43547127, 2.61976732]
)
DOF = np.array([238.0, 225.0, 210.0, 238.0, 238.0, 238.0, 238.0])


def test_march_2020_as_estudy2_prints_it():
    assert AR.mean() == pytest.approx(0.023297, abs=5e-7)
    assert cross_sectional_t(AR) == pytest.approx(1.39415, abs=5e-6)
    assert sign(AR) == pytest.approx(1.133893, abs=5e-7)
    assert wilcoxon(AR)[0] == 23
    assert generalised_sign(AR, np.full(7, 0.4966442953)) == pytest.approx(1.151676, abs=5e-7)


def test_march_2020_standardised_as_the_textbook_has_it():
    # the package's own 2.550740 and 1.204712 take n - 1 for the residual variance
    assert patell(SAR, DOF) == pytest.approx(2.544440, abs=5e-7)
    assert bmp(SAR) == pytest.approx(1.204284, abs=5e-7)


# 30 Dow stocks around 2020-11-09, five factors: AAR on days -2 to 2, and the standard deviation
# of the 90 daily AARs before.
AAR = np.array([-0.0005266850, 0.0005096003, 0.0133010479, 0.0066473083, -0.0050338736])
AAR_SD = 0.0030716164162388


@pytest.mark.parametrize(
    ("first", "last", "t"),
    [
        (-2, -2, -0.1714684), (-1, -1, 0.1659062), (0, 0, 4.3303089), (1, 1, 2.1641076),
        (2, 2, -1.6388353), (-2, 2, 2.1689944), (-1, 1, 3.845339), (0, 1, 4.592246),
    ],
)  # fmt: skip
def test_the_vaccine_announcement(first, last, t):
    past = AAR_SD * np.tile([1.0, -1.0], 45) * np.sqrt(89 / 90)  # any 90 days with this spread
    assert crude_dependence(AAR[first + 2 : last + 3], past) == pytest.approx(t, abs=6e-7)


@pytest.mark.parametrize(
    ("car", "se", "t", "p"),
    [
        # the lock-ups of July 2026, day 0, 48 degrees of freedom
        (0.10266978052060104, 0.11857921766792226, 0.8658328376573107, 0.39088902340007214),
    ],
)
def test_a_t_and_its_p(car, se, t, p):
    assert car / se == pytest.approx(t, rel=1e-12)
    assert two_sided_t(car / se, 48) == pytest.approx(p, rel=1e-10)
    assert detectable(se, 48) == pytest.approx(0.34, abs=0.005)


def test_students_sleep_data():
    """Student (1908), *Biometrika* 6(1): ten differences, t = 4.0621, p = 0.002833."""
    hours = np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])
    t = float(cross_sectional_t(hours))
    assert t == pytest.approx(4.0621, abs=5e-5)
    assert two_sided_t(t, 9) == pytest.approx(0.002833, abs=5e-7)


def test_hollander_and_wolfes_depression_scores():
    """Hollander and Wolfe (1973), table 3.1: W+ = 40, one-sided exact p = 0.01953."""
    before = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    after = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    statistic, p = wilcoxon(before - after)
    assert statistic == 40
    assert p == pytest.approx(2 * 0.01953125)


NORRIS = np.array([
    0.1, 0.2, 338.8, 337.4, 118.1, 118.2, 888.0, 884.6, 9.2, 10.1, 228.1, 226.5, 668.5, 666.3,
    998.5, 996.3, 449.1, 448.6, 778.9, 777.0, 559.2, 558.2, 0.3, 0.4, 0.1, 0.6, 778.1, 775.5,
    668.8, 666.9, 339.3, 338.0, 448.9, 447.5, 10.8, 11.6, 557.7, 556.0, 228.3, 228.1, 998.0,
    995.8, 888.8, 887.6, 119.6, 120.2, 0.3, 0.3, 0.6, 0.3, 557.6, 556.8, 339.3, 339.1, 888.0,
    887.2, 998.5, 999.0, 778.9, 779.0, 10.2, 11.1, 117.6, 118.3, 228.9, 229.2, 668.4, 669.1,
    449.2, 448.9, 0.2, 0.5,
]).reshape(-1, 2)  # fmt: skip


@pytest.mark.parametrize("engine", ["statsmodels", "arrays"])
def test_the_certified_regression_of_nist(engine):
    """NIST StRD, Norris: certified coefficients, standard errors, residual deviation, R2."""
    y, x = NORRIS[:, 0], np.column_stack([np.ones(36), NORRIS[:, 1]])
    at = np.array([[1.0, 0.0], [0.0, 1.0]])  # predicting these rows gives the coefficients
    if engine == "statsmodels":
        fit = least_squares(("alpha", "beta"), y, x, np.zeros(2), at)
    else:
        fit = batch_least_squares(y, x, np.ones(36, bool), np.zeros(2), at, has_constant=True)
    certified = [-0.262323073774029, 1.00211681802045]
    np.testing.assert_allclose(fit.coefficients, certified, rtol=1e-10)
    assert float(fit.sigma) == pytest.approx(0.884796396144373, rel=1e-10)
    assert float(fit.r2) == pytest.approx(0.999993745883712, rel=1e-12)
    # the variance of a prediction is that of its mean and of its error
    errors = np.sqrt(np.diag(fit.covariance) - float(fit.sigma) ** 2)
    np.testing.assert_allclose(errors, [0.232818234301152, 0.429796848199937e-3], rtol=1e-6)
    assert float(fit.dof) == 34
