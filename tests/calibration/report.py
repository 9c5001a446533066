"""The grid as a page of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grid as g

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

INTRO = """\
# How often the tests reject when nothing happened

Every test of a study, on simulated returns in which the event has no effect. A test at the nominal
5 % should reject 5 % of the time. Regenerate with

    python tests/calibration/grid.py

N events, T estimation returns, a window of L sessions, {replicates:,} samples a cell ({bootstrapped} for the
bootstraps, which draw 999 samples each). Market model with an estimated constant and slope; daily
sigma of the market 1.2 %, of the errors 3 %. By chance alone a test of exactly 5 % lies between
{low:.1%} and {high:.1%} ({low_b:.1%} and {high_b:.1%} for the bootstraps).

- **bold**: rejects too often. The reason stands under the table.
- *italic*: rejects too seldom. Such a test is safe, and weak: exact tests of five events cannot
  reach 5 % at all, rank tests lose power where the window is long and the estimation short.
- a dash: the test returns a reason instead of a number ("n too small").

The skewness of the "skewed" scenario, 0.78, is the upper quartile of the daily returns of 65 Hong Kong
listings in their first year; the two companies of this workspace have 0.6 and 0.9. "Very skewed" is a stress.
"""

SINGLE = ("single-event t", "SQ rank")
TESTS = {
    "cross-sectional t": "CS t",
    "skewness-adjusted t": "skew t",
    "bootstrap t": "boot t",
    "BHAR, skewness-adjusted bootstrap": "BHAR boot",
    "Patell": "Patell",
    "BMP": "BMP",
    "Kolari-Pynnonen": "KP",
    "crude dependence": "crude",
    "Corrado rank": "Corrado",
    "Corrado-Zivney rank": "C-Zivney",
    "GRANK-T": "GRANK",
    "sign": "sign",
    "generalised sign": "gen. sign",
    "Wilcoxon": "Wilcoxon",
}

Results = Mapping[g.Cell, Mapping[str, g.Size]] if TYPE_CHECKING else None


def write(
    path: Path,
    results: Results,
    placebos: Mapping[tuple[g.Cell, int], float],
    powers: Mapping[g.Cell, Mapping[str, Sequence[float]]],
    effects: Mapping[int, Sequence[float]],
) -> None:
    """Write the page; raises where a test rejects too often without a reason."""
    lines = [*_intro(), *_one_event(results)]
    for scenario, said in g.SCENARIOS.items():
        own = {c: found for c, found in results.items() if c.scenario == scenario and c.n > 1}
        lines += ["", f"## {scenario}: {said}", "", *_table(own), *_reasons(own)]
    lines += [*_placebos(placebos), *_power(powers, effects)]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _intro() -> Iterator[str]:
    whole, boot = g.Size(0.05, g.REPLICATES), g.Size(0.05, g.BOOTSTRAPPED)
    yield INTRO.format(
        replicates=g.REPLICATES,
        bootstrapped=g.BOOTSTRAPPED,
        low=0.05 - whole.half_width,
        high=0.05 + whole.half_width,
        low_b=0.05 - boot.half_width,
        high_b=0.05 + boot.half_width,
    )


def _one_event(results: Results) -> Iterator[str]:
    own = {cell: found for cell, found in results.items() if cell.n == 1}
    yield "## One event: the t of its CAR, and the SQ rank of its day"
    yield ""
    designs = [(t, length) for t in (30, 60, 120) for length in (1, 3, 11)]
    head = [f"T {t}, L {length}" for t, length in designs]
    yield f"| scenario | test | {' | '.join(head)} |"
    yield "|---" * (len(designs) + 2) + "|"
    for scenario in dict.fromkeys(cell.scenario for cell in own):
        for test in SINGLE:
            cells = [own[g.Cell(scenario, 1, *design)].get(test) for design in designs]
            yield f"| {scenario} | {test} | {' | '.join(map(_shown, cells))} |"
    yield from _reasons(own)


def _table(own: Results) -> Iterator[str]:
    yield f"| N | T | L | {' | '.join(TESTS.values())} |"
    yield "|---" * (len(TESTS) + 3) + "|"
    for cell, found in own.items():
        shares = " | ".join(_shown(found.get(test)) for test in TESTS)
        yield f"| {cell.n} | {cell.t} | {cell.length} | {shares} |"


def _shown(size: g.Size | None) -> str:
    if size is None or not size.count:
        return "-"
    text = f"{size.share:.3f}".removeprefix("0")
    return f"**{text}**" if size.too_often else f"*{text}*" if size.too_seldom else text


def _reasons(own: Results) -> Iterator[str]:
    said: dict[str, dict[str, None]] = {}
    for cell, found in own.items():
        for test, size in found.items():
            if not size.too_often:
                continue
            why = g.reason(cell, test, size)
            if not why:
                raise SystemExit(f"{cell}: {test} rejects {size.share:.3f} without a reason")
            said.setdefault(why, {})[test] = None
    if said:
        yield ""
    for why, tests in said.items():
        yield f"- **{', '.join(tests)}**: {why}."


def _placebos(placebos: Mapping[tuple[g.Cell, int], float]) -> Iterator[str]:
    yield ""
    yield "## The placebo p-value of one event, t(4) errors, T = 60"
    yield ""
    yield "Its smallest value is 1/(m + 1), so that with fewer than 19 dates it cannot reject at all."
    yield ""
    yield "| L | m dates | floor | rejects |"
    yield "|---|---|---|---|"
    for (cell, dates), share in placebos.items():
        yield f"| {cell.length} | {dates} | {1 / (dates + 1):.3f} | {share:.3f} |"


def _power(
    powers: Mapping[g.Cell, Mapping[str, Sequence[float]]], effects: Mapping[int, Sequence[float]]
) -> Iterator[str]:
    for cell, found in powers.items():
        yield ""
        yield f"## Power: {cell}"
        yield ""
        head = " | ".join(f"{effect:g} sigma" for effect in effects[cell.n])
        yield f"| effect | {head} |"
        yield "|---" * (len(effects[cell.n]) + 1) + "|"
        for test, shares in found.items():
            yield f"| {test} | {' | '.join(f'{share:.2f}' for share in shares)} |"


def main() -> None:
    """Simulate the whole grid and write the table."""
    results = {cell: g.sizes(cell) for cell in grid()}
    placebos = {
        (cell, dates): placebo_size(cell, dates, np.random.default_rng([1, i]))
        for i, (cell, dates) in enumerate(
            product([Cell("t(4)", 1, 60, 1), Cell("t(4)", 1, 60, 3)], (19, 27, 60, 110))
        )
    }
    effects = (0.0, 1.0, 2.0, 3.0, 4.0)
    powers = {
        cell: power(cell, effects) for cell in (Cell("t(4)", 1, 60, 1), Cell("t(4)", 5, 60, 1))
    }
    small = (0.0, 0.25, 0.5, 0.75, 1.0)
    powers[Cell("t(4)", 30, 60, 1)] = power(Cell("t(4)", 30, 60, 1), small)
    path = Path(__file__).parents[2] / "docs" / "calibration.md"
    write(path, results, placebos, powers, {1: effects, 5: effects, 30: small})


if __name__ == "__main__":
    main()
