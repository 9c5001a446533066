"""How often rings, joint placebos, tests over overlapping windows and page p reject a true null.

``python tests/calibration/rings.py [REPLICATES]`` simulates every cell and writes the part of
``docs/calibration.md`` between its two marks. The statistics are those of the engine, called
with leading replicate axes; nothing of them is written again here.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from aftershock.study.inference.breakdown import own_window_t
from aftershock.study.inference.joint import cluster_sums, joint_placebo
from aftershock.study.inference.overlap import (
    Calendar,
    calendar_covariance_t,
    calendar_day_t,
    chain_t,
)
from aftershock.study.inference.page import moved, page_p
from aftershock.study.inference.ring import (
    null_residuals,
    scaled_ring,
    scaled_sums,
    unscaled_ring,
)
from aftershock.study.inference.standardised import bmp, mean_correlation

REPLICATES = 4_000
LEVEL = 0.05
HISTORY = 120
LENGTHS = (1, 5, 11, 21)
PLACES = {"at a quarter": 0.25, "in the middle": 0.5, "at the end": 1.0}
ERRORS = ("normal", "t(4)", "skewed", "GARCH", "falling")
TOLERANCES = ((10, 0.1), (10, 0.3), (9, 0.2), (10, 0.6), (9, 0.4), (8, 0.3), (6, 0.3), (3, 0.3))
BEGIN, END = "<!-- rings: begin -->", "<!-- rings: end -->"


@dataclass(frozen=True, slots=True)
class Cell:
    """One design of the single ring."""

    errors: str
    length: int
    place: str
    others: int = 0  # other events of the stock, at random
    picked: bool = False  # the largest days instead


def errors_of(kind: str, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw errors of variance one in the mean, the last axis being time."""
    if kind == "normal":
        return rng.standard_normal(shape)
    if kind == "t(4)":
        return rng.standard_t(4, size=shape) / np.sqrt(2.0)
    if kind == "skewed":
        return (rng.chisquare(3, size=shape) - 3.0) / np.sqrt(6.0)
    if kind == "falling":
        sigma = np.linspace(0.12, 0.05, shape[-1]) / 0.085
        return sigma * rng.standard_t(4, size=shape) / np.sqrt(2.0)
    shocks = rng.standard_t(6, size=shape) / np.sqrt(1.5)
    out, variance = np.empty(shape), np.ones(shape[:-1])
    for t in range(shape[-1]):
        out[..., t] = np.sqrt(variance) * shocks[..., t]
        variance = 0.03 + 0.12 * out[..., t] ** 2 + 0.85 * variance
    return out


def returns_of(kind: str, rng: np.random.Generator, runs: int, n: int) -> tuple[np.ndarray, ...]:
    """Return stock returns, shape (runs, n), and the market model's right-hand side."""
    market = rng.standard_normal(n)
    x = np.column_stack([np.ones(n), market])
    return 0.5 * market + errors_of(kind, rng, (runs, n)), x


def single_size(cell: Cell, rng: np.random.Generator, runs: int) -> tuple[float, float]:
    """Return how often the deciding ring and the unscaled one reject at 5 %."""
    n, length = HISTORY, cell.length
    start = min(int(PLACES[cell.place] * n), n - length)
    y, x = returns_of(cell.errors, rng, runs, n)
    residuals = null_residuals(y, x)
    kept = scaled_ring(residuals, start, length).p_value
    plain = unscaled_ring(residuals, start, length).p_value
    if not cell.others:
        return float((kept <= LEVEL).mean()), float((plain <= LEVEL).mean())
    decided = np.array([_decided(cell, y[i], x, start, rng, kept[i]) for i in range(runs)])
    return float((decided <= LEVEL).mean()), float("nan")


def _decided(cell, y, x, start, rng, kept):
    """Return the larger p of other events kept and left out."""
    n, length = y.size, cell.length
    free = np.ones(n, dtype=bool)
    away = np.flatnonzero(np.abs(np.arange(n) - start) >= 2 * length)
    days = (
        away[np.argsort(-np.abs(y[away]))[: cell.others]]
        if cell.picked
        else rng.choice(away, cell.others, replace=False)
    )
    for day in days:
        free[day : day + length] = False
    free[start : start + length] = True
    rows = np.flatnonzero(free)
    if rows.size < max(20, 3 * length):
        return kept
    left = scaled_ring(null_residuals(y[rows], x[rows]), int(np.searchsorted(rows, start)), length)
    return max(kept, float(left.p_value))


def joint_size(events: int, length: int, kind: str, rng: np.random.Generator, runs: int) -> float:
    """Return how often the joint placebo of independent events rejects."""
    n, rejected = 160, 0
    for run in range(runs):
        y, x = returns_of(kind, rng, events, n)
        u = null_residuals(y, x).u
        starts = rng.integers(60, n - length, events)
        sums = [
            cluster_sums(u[i][:, None], starts[i : i + 1], length, length) for i in range(events)
        ]
        rejected += joint_placebo(sums, events, run).p_value <= LEVEL
    return rejected / runs


DESIGNS = {
    "A: 10 stocks, rho .5, a session apart": (10, 1, 0.5, 1, 1),
    "B: 3 stocks, rho .67, a session apart": (3, 1, 0.67, 1, 1),
    "C1: 5 firms x 2 events 3 apart": (5, 0, 0.0, 2, 3),
    "C2: one firm, 5 events 3 apart": (1, 0, 0.0, 5, 3),
}


def overlap_sizes(design, length, kind, wild, rng, runs, t=60):
    """Return how often BMP, day t and covariance t reject over overlapping windows."""
    stocks, apart, rho, repeats, gap = DESIGNS[design]
    first = np.array([[s * apart + r * gap for r in range(repeats)] for s in range(stocks)])
    days = int(first.max()) + length
    weights = np.zeros((days, stocks))
    for s in range(stocks):
        for day in first[s]:
            weights[day : day + length, s] += 1.0 / first.size
    market = rng.standard_normal(t + days)
    x = np.column_stack([np.ones(t + days), market])
    common = errors_of(kind, rng, (runs, t + days))[..., None]
    own = np.swapaxes(errors_of(kind, rng, (runs, stocks, t + days)), -1, -2)
    e = np.sqrt(rho) * common + np.sqrt(1.0 - rho) * own
    e[:, t:] *= 2.0 if wild else 1.0
    y = market[:, None] + e
    calendar = Calendar(y[:, :t], x[:t], y[:, t:], x[t:], weights)
    day, covariance = calendar_day_t(calendar), calendar_covariance_t(calendar)
    b = np.linalg.lstsq(x[:t], np.moveaxis(y[:, :t], 1, 0).reshape(t, -1), rcond=None)[0]
    fit = (x[t:] @ b).reshape(days, runs, stocks)
    ar = np.moveaxis(y[:, t:], 1, 0) - fit
    cars = np.stack(
        [ar[d : d + length, :, s].sum(axis=0) for s in range(stocks) for d in first[s]], axis=-1
    )
    return (
        rejections(bmp(cars / cars.std(axis=0)), cars.shape[-1] - 1),
        rejections(day.t, day.dof) if days >= 10 else float("nan"),
        rejections(covariance.t, covariance.dof),
    )


def tolerated(apart: int, rho: float, rng, runs: int, stocks=10, length=11, t=1_000):
    """Return the inflation 1 + (N-1) r of staggered windows, and how often BMP rejects.

    r is of the estimation residuals, as in the battery. The estimation is long, so that what
    is seen is the overlap and not the estimation error that all ten share.
    """
    days = (stocks - 1) * apart + length
    market = rng.standard_normal(t + days)
    x = np.column_stack([np.ones(t + days), market])
    common = rng.standard_normal((runs, t + days, 1))
    e = np.sqrt(rho) * common + np.sqrt(1.0 - rho) * rng.standard_normal((runs, t + days, stocks))
    basis = np.linalg.qr(x[:t])[0]
    residuals = e[:, :t] - basis @ (basis.T @ e[:, :t])
    b = np.linalg.lstsq(x[:t], np.moveaxis(e[:, :t], 1, 0).reshape(t, -1), rcond=None)[0]
    ar = np.moveaxis(e[:, t:], 1, 0) - (x[t:] @ b).reshape(days, runs, stocks)
    inside = [ar[s * apart : s * apart + length, :, s] for s in range(stocks)]
    scar = np.stack([part.sum(axis=0) for part in inside], axis=-1)
    window_days = t + apart * np.arange(stocks)[:, None] + np.arange(length)
    r = mean_correlation(
        np.swapaxes(residuals, -1, -2),
        np.tile(np.arange(t), (stocks, 1)),
        window_days,
        np.arange(stocks),
        apart=True,
    )
    return (
        float(1.0 + (stocks - 1) * np.mean(r)),
        rejections(bmp(scar / scar.std(axis=0)), stocks - 1),
    )


def chain_size(chains: int, kind: str, rng: np.random.Generator, runs: int) -> float:
    """Return how often the chain t rejects with two overlapping events a chain."""
    u = errors_of(kind, rng, (runs, chains, 14))
    scar = np.stack([u[..., :11].sum(-1), u[..., 3:].sum(-1)], axis=-1).reshape(runs, -1)
    found = chain_t(scar, np.repeat(np.arange(chains), 2))
    return rejections(found.t, found.dof)


def own_window_size(length: int, kind: str, wild: bool, rng, runs: int) -> float:
    """Return how often the own-window t rejects; the first day may be twice as wide."""
    ar = errors_of(kind, rng, (runs, length))
    ar[:, 0] *= 2.0 if wild else 1.0
    ar -= rng.standard_normal((runs, 1)) / np.sqrt(60)  # the constant's error, of 60 returns
    t, dof = own_window_t(ar, np.ones(runs), np.full(runs, length**2 / 60))
    return rejections(t, dof)


def rejections(t: np.ndarray, dof: float) -> float:
    """Return the share of two-sided p-values below 5 %."""
    return float((2.0 * stats.t.sf(np.abs(t), dof) < LEVEL).mean())


def page_size(kind: str, rng: np.random.Generator, worlds: int) -> tuple[float, float]:
    """Return how often a page of 81 estimates without effects has a page p below 5 %, and a p.

    Two stocks of 157 and 156 sessions, 27 event days, windows of 1, 2 and 6 sessions.
    """
    errs = plain = 0
    for world in range(worlds):
        rings = []
        for n, count in ((157, 14), (156, 13)):
            y, x = returns_of(kind, rng, 1, n)
            u = null_residuals(y[0], x).u
            z = {length: scaled_sums(u, length) for length in (1, 2, 6)}
            for start in rng.choice(n - 6, count, replace=False):
                rings += [[np.roll(z[length], -int(start))] for length in z]
        shifted = moved(rings, world)
        errs += np.nanmin(page_p(shifted)) <= LEVEL
        own = np.array([(np.abs(r[0]) >= abs(r[0][0])).mean() for r in rings])
        plain += (own <= LEVEL).any()
    return errs / worlds, plain / worlds


def tables(runs: int, rng: np.random.Generator):
    """Yield the lines of every table."""
    error = np.sqrt(LEVEL * (1 - LEVEL) / runs)
    yield f"Rejections at 5 % where nothing happened, {runs:,} replications a cell, Monte Carlo error {error:.4f}."
    yield ""
    yield f"### The ring of one event, a history of {HISTORY}"
    yield ""
    yield "| errors | event | L = 1 | 5 | 11 | 21 | unscaled: L = 1 | 5 | 11 | 21 |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for kind in ERRORS:
        for place in PLACES:
            pairs = [single_size(Cell(kind, length, place), rng, runs) for length in LENGTHS]
            scaled = " | ".join(f"{a:.3f}" for a, _ in pairs)
            yield f"| {kind} | {place} | {scaled} | {' | '.join(f'{b:.3f}' for _, b in pairs)} |"
    few = max(runs // 4, 200)
    yield ""
    yield (
        f"With other events of the stock, the larger of kept and left out deciding ({few:,}"
        " replications, t(4), event at the end). *Picked*: the largest days of the history."
    )
    yield ""
    yield "| other events | L = 1 | 5 | 11 |"
    yield "|---|---|---|---|"
    for others, picked in ((2, False), (5, False), (5, True), (10, True)):
        sizes = [
            single_size(Cell("t(4)", length, "at the end", others, picked), rng, few)[0]
            for length in LENGTHS[:3]
        ]
        name = f"{others}, picked" if picked else str(others)
        yield f"| {name} | {' | '.join(f'{size:.3f}' for size in sizes)} |"
    yield ""
    yield f"### Several events jointly, a history of 160 ({few:,} replications)"
    yield ""
    yield "| errors | N | L = 1 | 5 | 11 |"
    yield "|---|---|---|---|---|"
    for kind in ("t(4)", "GARCH", "skewed"):
        for events in (2, 3, 5):
            sizes = [joint_size(events, length, kind, rng, few) for length in LENGTHS[:3]]
            yield f"| {kind} | {events} | {' | '.join(f'{size:.3f}' for size in sizes)} |"
    yield from _overlaps(runs, rng)
    yield ""
    yield "### The window's own t"
    yield ""
    yield "| errors | L = 5 | 11 | 21 | first day twice as wide: 5 | 11 | 21 |"
    yield "|---|---|---|---|---|---|---|"
    for kind in ("normal", "t(4)", "skewed"):
        plain = [own_window_size(length, kind, False, rng, runs) for length in (5, 11, 21)]
        wild = [own_window_size(length, kind, True, rng, runs) for length in (5, 11, 21)]
        yield f"| {kind} | {' | '.join(f'{size:.3f}' for size in (*plain, *wild))} |"
    worlds = max(runs // 10, 100)
    yield ""
    yield f"### A page of 81 estimates without any effect ({worlds:,} worlds)"
    yield ""
    yield "| errors | some page p <= 5 % | some ring p <= 5 % |"
    yield "|---|---|---|"
    for kind in ("normal", "t(4)", "GARCH"):
        page, plain = page_size(kind, rng, worlds)
        yield f"| {kind} | {page:.3f} | {plain:.3f} |"
    yield ""
    yield (
        "A clear verdict needs the page p and more, so that a page without effects shows one no"
        " more often than its first column says."
    )


def _overlaps(runs, rng):
    yield ""
    yield "### Windows that overlap on different dates, T = 60, L = 11"
    yield ""
    yield "BMP refuses here; what it would do is why. Right of the bar the windows are twice as wide."
    yield ""
    yield "| design | errors | BMP | calendar-day t | covariance t | wild: BMP | day t | covariance t |"
    yield "|---|---|---|---|---|---|---|---|"
    for design in DESIGNS:
        for kind in ("normal", "t(4)", "skewed"):
            calm = overlap_sizes(design, 11, kind, False, rng, runs)
            wild = overlap_sizes(design, 11, kind, True, rng, runs)
            cells = " | ".join(f"{size:.3f}" for size in (*calm, *wild))
            yield f"| {design} | {kind} | {cells} |"
    yield ""
    yield (
        "How much overlap a test of independent events bears: ten stocks, windows of 11 sessions"
        " some sessions apart, T = 1,000; the tests refuse above 1.10. With T = 60 and the same"
        " estimation rows BMP adds what the ten share of the estimation error: .11 at rho .3."
    )
    yield ""
    yield "| sessions apart | rho | 1 + (N-1) r | BMP |"
    yield "|---|---|---|---|"
    for apart, rho in TOLERANCES:
        inflation, size = tolerated(apart, rho, rng, max(runs // 2, 100))
        yield f"| {apart} | {rho:g} | {inflation:.2f} | {size:.3f} |"
    yield ""
    yield "Chain t, two events 3 sessions apart in each chain, L = 11:"
    yield ""
    yield "| errors | 3 chains | 6 | 10 |"
    yield "|---|---|---|---|"
    for kind in ("t(4)", "skewed"):
        sizes = [chain_size(chains, kind, rng, runs) for chains in (3, 6, 10)]
        yield f"| {kind} | {' | '.join(f'{size:.3f}' for size in sizes)} |"


def main(arguments: list[str]) -> None:
    """Write the part of the page that is this script's."""
    runs = int(arguments[0]) if arguments else REPLICATES
    page = Path(__file__).parents[2] / "docs" / "calibration.md"
    text = page.read_text("utf-8")
    before, after = text.index(BEGIN) + len(BEGIN), text.index(END)
    body = "\n".join(tables(runs, np.random.default_rng(20260108)))
    page.write_text(f"{text[:before]}\n\n{body}\n\n{text[after:]}", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
