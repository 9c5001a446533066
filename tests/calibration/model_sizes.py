"""How often the robust model's t and the conformal placebo reject at 5 % where nothing happened.

``python tests/calibration/model_sizes.py`` prints the tables; ``test_model_sizes.py`` checks that what is
simulated is what the models compute, and samples the tables.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import combinations, product

import numpy as np
from scipy import stats

from aftershock.study.singles import conformal_ring

REPLICATES = 20_000
LEVEL = 0.05
BEND = 1.345  # statsmodels' HuberT
NORMAL = stats.norm.ppf(0.75)  # median absolute deviation of a standard normal
ROUNDS = 40
BURN_IN = 100
DONORS = 4

Errors = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def contaminated(spread: float) -> Errors:
    """Tukey's contaminated normal: one error in twenty has ``spread`` times the deviation.

    Everywhere alike, in the estimation window and in the event's.
    """

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        return rng.standard_normal(shape) * np.where(rng.random(shape) < 0.05, spread, 1.0)

    return draw


def garch(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """GARCH(1,1) with .12 and .85 and t(6) innovations."""
    z = rng.standard_t(6, (shape[1] + BURN_IN, shape[0])) / np.sqrt(1.5)
    variance, out = np.ones(shape[0]), np.empty_like(z)
    for at, innovation in enumerate(z):
        out[at] = np.sqrt(variance) * innovation
        variance = 0.03 + 0.12 * out[at] ** 2 + 0.85 * variance
    return out[BURN_IN:].T


ERRORS: dict[str, Errors] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "t(4)": lambda rng, shape: rng.standard_t(4, shape),
    "5 % of three sigmas": contaminated(3.0),
    "5 % of five sigmas": contaminated(5.0),
    "GARCH": garch,
}


def huber(y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coefficients (R, k), residuals (R, T) and coefficient covariance (R, k, k).

    statsmodels' RLM with its defaults, over R samples at a time: y (R, T), x (R, T, k).
    """
    weights = np.ones_like(y)
    for _ in range(ROUNDS):
        xw = x * weights[..., None]
        gram, moment = np.swapaxes(xw, 1, 2) @ x, (xw * y[..., None]).sum(axis=1)
        b = np.linalg.solve(gram, moment[..., None])[..., 0]
        residuals = y - (x @ b[..., None])[..., 0]
        scale = np.median(np.abs(residuals), axis=1, keepdims=True) / NORMAL
        weights = np.minimum(1.0, BEND * scale / np.maximum(np.abs(residuals), 1e-300))
    size, k = x.shape[1:]
    z = residuals / scale
    psi, inside = np.clip(z, -BEND, BEND), np.abs(z) <= BEND
    share = inside.mean(axis=1)
    correction = 1.0 + k / size * inside.var(axis=1) / share**2
    factor = correction**2 * (psi**2).sum(axis=1) / (size - k) * (scale[:, 0] / share) ** 2
    return b, residuals, factor[:, None, None] * np.linalg.inv(np.swapaxes(x, 1, 2) @ x)


def robust_t(y: np.ndarray, x: np.ndarray, t: int) -> np.ndarray:
    """Return the robust model's t of the CAR over the rows after the first T, shape (R,)."""
    b, residuals, cov = huber(y[:, :t], x[:, :t])
    ahead = x[:, t:].sum(axis=1)
    car = y[:, t:].sum(axis=1) - (ahead * b).sum(axis=1)
    variance = (residuals**2).sum(axis=1) / (t - x.shape[2])
    spread = (y.shape[1] - t) * variance + np.einsum("ri,rij,rj->r", ahead, cov, ahead)
    return car / np.sqrt(spread)


def robust_size(errors: str, t: int, length: int, replicates: int = REPLICATES) -> float:
    """Return the share of samples whose t of the CAR has p < 5 %."""
    rng = np.random.default_rng(t + length)
    shape = (replicates, t + length)
    x = np.stack([np.ones(shape), rng.standard_normal(shape)], axis=-1)
    statistic = robust_t(ERRORS[errors](rng, shape), x, t)
    return float((2 * stats.t.sf(np.abs(statistic), t - 2) < LEVEL).mean())


def mixes(y: np.ndarray, donors: np.ndarray) -> np.ndarray:
    """Return the weights on the simplex that track best, shape (R, J): y (R, n), donors (R, n, J).

    Every set of active donors has its own equality-constrained least squares; the best of those
    whose weights are not negative is the solution.
    """
    count, j = len(y), donors.shape[2]
    gram = np.swapaxes(donors, 1, 2) @ donors
    moment = (donors * y[..., None]).sum(axis=1)
    best, weights = np.full(count, np.inf), np.zeros((count, j))
    for active in _sets(j):
        w = _on(gram, moment, active)
        loss = np.einsum("ri,rij,rj->r", w, gram, w) - 2 * (w * moment).sum(axis=1)
        better = (w >= -1e-12).all(axis=1) & (loss < best)
        best[better], weights[better] = loss[better], w[better]
    return weights


def _sets(j: int) -> Iterator[list[int]]:
    for size in range(1, j + 1):
        yield from map(list, combinations(range(j), size))


def _on(gram: np.ndarray, moment: np.ndarray, active: list[int]) -> np.ndarray:
    """Return the best weights that sum to 1 on the active donors, 0 elsewhere, shape (R, J)."""
    k = len(active)
    system = np.zeros((len(gram), k + 1, k + 1))
    system[:, :k, :k] = gram[np.ix_(range(len(gram)), active, active)]
    system[:, :k, k] = system[:, k, :k] = 1.0
    right = np.ones((len(gram), k + 1, 1))
    right[:, :k, 0] = moment[:, active]
    out = np.zeros_like(moment)
    out[:, active] = np.linalg.solve(system, right)[:, :k, 0]
    return out


def conformal_size(errors: str, t: int, length: int, replicates: int = REPLICATES) -> float:
    """Return the share of conformal p-values up to 5 %: the stock is half of two of four donors."""
    rng = np.random.default_rng(t + length)
    shape = (replicates, t + length)
    common = 0.7 * rng.standard_normal(shape)[..., None]
    donors = common + rng.standard_normal((*shape, DONORS))
    y = donors[..., :2].mean(axis=-1) + ERRORS[errors](rng, shape)
    residuals = y - (donors @ mixes(y, donors)[..., None])[..., 0]
    p = conformal_ring(residuals, t, length).p_value
    return float((p <= LEVEL * (1 + 1e-12)).mean())


def main() -> None:
    """Print both tables."""
    windows = list(product((60, 120), (1, 5, 11)))
    head = " | ".join(f"T={t}, L={length}" for t, length in windows)
    for name, size in (("robust model, t of the CAR", robust_size), ("conformal", conformal_size)):
        sys.stdout.write(f"| {name} | {head} |\n")
        for errors in ERRORS:
            shares = " | ".join(f"{size(errors, t, length):.4f}" for t, length in windows)
            sys.stdout.write(f"| {errors} | {shares} |\n")


if __name__ == "__main__":
    main()
