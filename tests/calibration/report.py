"""The grid as a page: ``python tests/calibration/report.py`` writes ``docs/calibration.md``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import grid as g
from reasons import reason

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "calibration.md"

INTRO = """\
# How often the tests reject when nothing happened

Every test of a study, on simulated returns in which the event has no effect. A test at the nominal
5 % should reject 5 % of the time. Regenerate this page (about five minutes) with

    python tests/calibration/report.py

Each cell is {replicates:,} samples ({bootstrapped} for the bootstraps, which draw 999 samples each) of N events with T
estimation returns and a window of L sessions: market model with an estimated constant and slope,
daily sigma of the market 1.2 %, of the errors 3 %, ten sessions between estimation and window. By
chance a test of exactly 5 % lies between {low:.1%} and {high:.1%} ({low_b:.1%} and {high_b:.1%} for the
bootstraps) in all but one cell of two thousand, and this page has about two thousand.

- **bold**: rejects too often. The reason stands under the table; without a known one the script
  stops instead of writing this page.
- *italic*: rejects too seldom, which is safe and weak. The reason stands there too.
- a dash: the test returns a reason instead of a number, such as "n too small".

The skewness of the "skewed" scenario, 0.78, is the upper quartile of the daily returns of 65 Hong
Kong listings in their first year. "Very skewed", 1.75, is a stress.

## In short

Smallest and largest size over N, T and L, several events.
"""

CHOICE = """
What follows from it:

- Events on different dates: BMP and the generalised sign test hold in every scenario but the
  stress. With a larger variance in the event window Patell and the single-event t reject five to
  seven times too often and SQ three to five times; BMP does not.
- Events on one date: Kolari-Pynnonen and Corrado. A test that takes events as independent rejects
  a third of the time with 30 of them.
- One event: the t of its CAR has the right size if the event leaves the variance alone. Whether it
  did cannot be known from one event; the ring's p-value does not depend on normality.
- Five events: the sign tests and Wilcoxon cannot reject at 5 % at all, whatever happened.
"""

SINGLE = ("single-event t", "SQ rank")
TESTS = {
    "cross-sectional t": "CS t",
    "skewness-adjusted t": "skew t",
    "bootstrap t": "boot t",
    "BHAR, skewness-adjusted bootstrap": "BHAR",
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

Results = Mapping[g.Cell, Mapping[str, g.Size]]
Shares = Mapping[str, list[float]]


def page(
    results: Results,
    powers: Mapping[tuple[g.Cell, tuple[float, ...]], Shares],
) -> str:
    """Return the page; raises SystemExit where a test is off without a known reason."""
    lines = [*_intro(), *_summary(results), CHOICE, *_one_event(results)]
    for scenario, said in g.SCENARIOS.items():
        own = {c: found for c, found in results.items() if c.scenario == scenario and c.n > 1}
        lines += ["", f"## {scenario}: {said}", "", *_table(own), *_reasons(own)]
    lines += [*_rings(), *_power(powers)]
    return "\n".join(lines) + "\n"


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


def _summary(results: Results) -> Iterator[str]:
    yield f"| test | {' | '.join(g.SCENARIOS)} |"
    yield "|---" * (len(g.SCENARIOS) + 1) + "|"
    for test in TESTS:
        found = [_range(results, test, scenario) for scenario in g.SCENARIOS]
        yield f"| {test} | {' | '.join(found)} |"


def _range(results: Results, test: str, scenario: str) -> str:
    sizes = [
        found[test]
        for cell, found in results.items()
        if cell.scenario == scenario and cell.n > 1 and test in found
    ]
    if not sizes:
        return "-"
    shares = [size.share for size in sizes]
    text = f"{_plain(min(shares))} to {_plain(max(shares))}"
    return f"**{text}**" if any(size.too_often for size in sizes) else text


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
    text = _plain(size.share)
    return f"**{text}**" if size.too_often else f"*{text}*" if size.too_seldom else text


def _plain(share: float) -> str:
    return f"{share:.3f}".removeprefix("0")


def _reasons(own: Results) -> Iterator[str]:
    for mark, off in (("**", "too_often"), ("*", "too_seldom")):
        said: dict[str, dict[str, None]] = {}
        for cell, found in own.items():
            for test, size in found.items():
                if getattr(size, off):
                    why = reason(cell, test, size)
                    if not why:
                        raise SystemExit(f"{cell}: {test} rejects {size.share:.3f}: why?")
                    said.setdefault(why, {})[test] = None
        if said:
            yield ""
        for why, tests in said.items():
            yield f"- {mark}{', '.join(tests)}{mark}: {why}."


def _rings() -> Iterator[str]:
    """Yield the part of the page that ``rings.py`` writes, as it stands."""
    text = PAGE.read_text("utf-8")
    yield ""
    yield text[text.index("## Rings, joint placebos") : text.index("## Power\n")].rstrip()


def _power(powers: Mapping[tuple[g.Cell, tuple[float, ...]], Shares]) -> Iterator[str]:
    yield ""
    yield "## Power"
    yield ""
    yield "How often a test rejects when every session of the window moves by so many sigmas (3 %)."
    for (cell, effects), found in powers.items():
        yield ""
        yield f"### {cell}"
        yield ""
        yield f"| effect | {' | '.join(f'{effect:g}' for effect in effects)} |"
        yield "|---" * (len(effects) + 1) + "|"
        for test, shares in found.items():
            yield f"| {test} | {' | '.join(f'{share:.2f}' for share in shares)} |"


def main() -> None:
    """Simulate the whole grid and write the page."""
    results = {cell: g.sizes(cell) for cell in g.grid()}
    wide, narrow = (0.0, 1.0, 2.0, 3.0, 4.0), (0.0, 0.25, 0.5, 0.75, 1.0)
    powers = {
        (cell := g.Cell("t(4)", n, 60, 1), effects): g.power(cell, effects)
        for n, effects in ((1, wide), (5, wide), (30, narrow))
    }
    text = page(results, powers)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
