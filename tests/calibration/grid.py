"""How often each test rejects at nominal 5 %, by simulation: what the suite samples and docs print.

``python tests/calibration/report.py`` simulates every cell and writes ``docs/calibration.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy import stats

from aftershock.study.inference.battery import FEW_RANKED
from aftershock.study.inference.bootstrap import bhar_p, caar_p
from aftershock.study.inference.cross_section import (
    cross_sectional_t,
    crude_dependence,
    skewness_adjusted_t,
)
from aftershock.study.inference.ranks import corrado, corrado_zivney, grank_t
from aftershock.study.inference.sign import binomial_p, positive_share, wilcoxon
from aftershock.study.inference.single import sq_p
from aftershock.study.inference.standardised import (
    bmp,
    kolari_pynnonen,
    mean_correlation,
    patell,
)
from aftershock.study.models.batch import batch_least_squares

REPLICATES = 2_000
LEVEL = 0.05
WIDTH = 3.5  # Monte Carlo standard deviations
GAP = 10  # sessions between estimation window and event
CORRELATION = 0.1
BOOTSTRAPPED = 500  # replicates of the bootstraps, which draw 999 samples each

SCENARIOS = {
    "normal": "normal errors",
    "t(4)": "Student's t errors with 4 degrees of freedom",
    "skewed": "lognormal errors, skewness 0.78",
    "very skewed": "lognormal errors, skewness 1.75",
    "contaminated": "normal errors; another event, three sessions of fourfold variance, in every"
    " estimation window",
    "masked": "the same with the other event's sessions left out, as the masked row does",
    "variance x4": "t(4) errors, four times the variance in the event window",
    "clustered": "normal errors with cross-correlation 0.1, all events on one date",
    "spread": "normal errors with cross-correlation 0.1, one event every five sessions",
}
LOG_SD = {"skewed": 0.25, "very skewed": 0.5}


@dataclass(frozen=True, slots=True)
class Cell:
    """One design: a scenario, N events, T estimation returns, L sessions."""

    scenario: str
    n: int
    t: int
    length: int
    effect: float = 0.0  # mean abnormal return of each session of the window, in sigmas

    def __str__(self) -> str:
        return f"{self.scenario}, N={self.n}, T={self.t}, L={self.length}"


@dataclass(frozen=True, slots=True)
class Draw:
    """R simulated samples of one cell; see Sample in the battery for the fields."""

    cell: Cell
    car: np.ndarray  # (R, N)
    bhar: np.ndarray
    se: np.ndarray
    dof: np.ndarray
    residuals: np.ndarray  # (R, N, T)
    leverage: np.ndarray
    standardised: np.ndarray
    ar: np.ndarray  # (R, N, L)
    ar_se: np.ndarray
    h: np.ndarray  # (R, N, L), each day's own leverage
    days: np.ndarray  # (N, T)
    window_days: np.ndarray  # (N, L)


def grid() -> list[Cell]:
    """Every cell of the table; clustering needs more than one event."""
    return [
        Cell(scenario, n, t, length)
        for scenario, n, t, length in product(SCENARIOS, (1, 5, 30), (30, 60, 120), (1, 3, 11))
        if n > 1 or scenario not in {"clustered", "spread"}
    ]


def simulate(cell: Cell, rng: np.random.Generator, replicates: int = REPLICATES) -> Draw:
    """Draw samples in which the null is true, unless the cell has an effect."""
    n, t, length = cell.n, cell.t, cell.length
    width = t + GAP + length
    step = 5 if cell.scenario == "spread" else 0
    start = step * np.arange(n)
    total = width + step * (n - 1)
    market = 0.012 * rng.standard_normal((replicates, total))
    errors = 0.03 * _errors(cell, rng, (replicates, n, total))
    rows = start[:, None] + np.arange(width)
    x = market[:, rows]
    e = np.take_along_axis(errors, np.broadcast_to(rows, (replicates, n, width)), axis=-1)
    if cell.scenario == "variance x4":
        e[..., -length:] *= 2.0
    keep = np.ones((replicates, n, t), dtype=bool)
    if cell.scenario in {"contaminated", "masked"}:
        e[..., t // 2 - 1 : t // 2 + 2] *= 2.0
    if cell.scenario == "masked":
        keep[..., t // 2 - 1 : t // 2 + 2] = False
    y = 0.0005 + 0.9 * x + e
    y[..., -length:] += 0.03 * cell.effect
    return _fit(cell, y, x, keep, start)


def _errors(cell: Cell, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return errors of mean 0 and variance 1."""
    if cell.scenario in {"t(4)", "variance x4"}:
        return rng.standard_t(4, shape) / np.sqrt(2.0)
    if cell.scenario in LOG_SD:
        s = LOG_SD[cell.scenario]
        raw = np.exp(s * rng.standard_normal(shape))
        return (raw - np.exp(s**2 / 2)) / np.sqrt((np.exp(s**2) - 1.0) * np.exp(s**2))
    own = rng.standard_normal(shape)
    if cell.scenario in {"clustered", "spread"}:
        common = rng.standard_normal((shape[0], 1, shape[2]))
        return np.sqrt(CORRELATION) * common + np.sqrt(1.0 - CORRELATION) * own
    return own


def _fit(cell: Cell, y: np.ndarray, x: np.ndarray, keep: np.ndarray, start: np.ndarray) -> Draw:
    t, length = cell.t, cell.length
    design = np.stack([np.ones_like(x), x], axis=-1)
    nothing = np.zeros((*y.shape[:-1], length))
    fit = batch_least_squares(
        y[..., :t], design[..., :t, :], keep, nothing, design[..., -length:, :], has_constant=True
    )
    ar = y[..., -length:] - fit.expected
    diagonal = np.einsum("...ii->...i", fit.covariance)
    sigma = fit.sigma[..., None]
    return Draw(
        cell=cell,
        car=ar.sum(axis=-1),
        bhar=np.prod(1.0 + y[..., -length:], axis=-1) - np.prod(1.0 + fit.expected, axis=-1),
        se=np.sqrt(fit.covariance.sum(axis=(-1, -2))),
        dof=fit.dof,
        residuals=fit.residuals,
        leverage=fit.leverage,
        standardised=fit.residuals / (sigma * np.sqrt(1.0 - fit.leverage)),
        ar=ar,
        ar_se=np.sqrt(diagonal),
        h=diagonal / sigma**2 - 1.0,
        days=start[:, None] + np.arange(t),
        window_days=start[:, None] + t + GAP + np.arange(length),
    )


def p_values(draw: Draw, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the p-values of every test that the battery would run on such a sample."""
    return _single(draw) if draw.cell.n == 1 else _several(draw, rng)


def _single(draw: Draw) -> dict[str, np.ndarray]:
    found = {"single-event t": _t(draw.car / draw.se, draw.dof)[:, 0]}
    if draw.cell.length == 1:
        known = np.isfinite(draw.residuals[0, 0])
        found["SQ rank"] = sq_p(
            draw.residuals[:, 0, known],
            draw.leverage[:, 0, known],
            draw.ar[:, 0, 0],
            draw.h[:, 0, 0],
        )
    return found


def _several(draw: Draw, rng: np.random.Generator) -> dict[str, np.ndarray]:
    n, length = draw.cell.n, draw.cell.length
    scar = draw.car / draw.se
    window = slice(0, length)
    found = {
        "cross-sectional t": _t(cross_sectional_t(draw.car), n - 1),
        "skewness-adjusted t": _t(skewness_adjusted_t(draw.car), n - 1),
        "bootstrap t": caar_p(draw.car[:BOOTSTRAPPED], rng),
        "BHAR, skewness-adjusted bootstrap": bhar_p(draw.bhar[:BOOTSTRAPPED], rng),
        "Patell": _normal(patell(scar, draw.dof)),
        "BMP": _t(bmp(scar), n - 1),
        "Kolari-Pynnonen": _t(kolari_pynnonen(scar, _correlation(draw)), n - 1),
        "Corrado rank": _normal(corrado(draw.residuals, draw.ar, window)),
        "sign": binomial_p(draw.car, 0.5),
        "Wilcoxon": wilcoxon(draw.car)[1],
    }
    share = positive_share(draw.residuals, length)
    if np.isfinite(share).all():
        found["generalised sign"] = binomial_p(draw.car, share.mean(axis=-1))
    if draw.cell.scenario == "clustered":
        aar, past = draw.ar.mean(axis=1), draw.residuals.mean(axis=1)
        found["crude dependence"] = _t(crude_dependence(aar, past), past.shape[-1] - 1)
    if n >= FEW_RANKED:
        statistic, dof = grank_t(draw.standardised, scar)
        found["GRANK-T"] = _t(statistic, dof)
        found["Corrado-Zivney rank"] = _normal(
            corrado_zivney(draw.standardised, draw.ar, draw.ar_se, window)
        )
    return found


def _correlation(draw: Draw) -> np.ndarray | float:
    if draw.cell.scenario not in {"clustered", "spread"}:
        return 0.0  # windows of independent events share no session
    firms = np.arange(draw.cell.n)
    return mean_correlation(draw.residuals, draw.days, draw.window_days, firms)


def _t(statistic: np.ndarray, dof: np.ndarray | float) -> np.ndarray:
    return 2.0 * stats.t.sf(np.abs(statistic), dof)


def _normal(statistic: np.ndarray) -> np.ndarray:
    return 2.0 * stats.norm.sf(np.abs(statistic))


@dataclass(frozen=True, slots=True)
class Size:
    """A share of rejections, and over how many samples."""

    share: float
    count: int

    @property
    def half_width(self) -> float:
        """How far the share of a test of exactly 5 % may lie from it by chance."""
        return float(WIDTH * np.sqrt(LEVEL * (1.0 - LEVEL) / self.count))

    @property
    def too_often(self) -> bool:
        """True where the test rejects more than chance allows."""
        return self.share > LEVEL + self.half_width

    @property
    def too_seldom(self) -> bool:
        """True where the test rejects less than chance allows: it is safe, and weak."""
        return self.share < LEVEL - self.half_width


def sizes(cell: Cell, seed: int = 0) -> dict[str, Size]:
    """Return how often each test rejects in one cell."""
    rng = np.random.default_rng([seed, *cell_seed(cell)])
    found = p_values(simulate(cell, rng), rng)
    return {
        name: Size(float((p[np.isfinite(p)] <= LEVEL).mean()), int(np.isfinite(p).sum()))
        for name, p in found.items()
    }


def cell_seed(cell: Cell) -> list[int]:
    """Return a seed of the cell's own, so that a cell alone gives what the grid gives."""
    return [list(SCENARIOS).index(cell.scenario), cell.n, cell.t, cell.length]


def power(cell: Cell, effects: tuple[float, ...]) -> dict[str, list[float]]:
    """Return how often each test rejects as the effect grows."""
    found: dict[str, list[float]] = {}
    for effect in effects:
        for name, size in sizes(replace(cell, effect=effect)).items():
            found.setdefault(name, []).append(size.share)
    return found
