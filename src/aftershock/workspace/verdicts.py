"""The verdicts of a run: every study of the workspace on one page, and what trades it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aftershock.study.verdict import Page, verdicts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

    from aftershock.backtest.result import BacktestResult
    from aftershock.study.result import StudyResult

VERDICTS = "verdicts.csv"


def judged(
    results: Mapping[str, StudyResult],
    asked: Collection[str],
    backtests: Mapping[str, BacktestResult],
    seed: int,
) -> pd.DataFrame:
    """Return the verdicts of the studies that were asked for, judged beside all of them.

    Parameters
    ----------
    results
        Every study of the workspace, by name: the page of a study does not become smaller
        because the others were not asked for.
    asked
        Whose questions are answered.
    backtests
        What was run, by name.
    seed
        Seed of the draws.
    """
    tradeable = {results[name].title: _strategy(results[name], backtests) for name in results}
    titles = {results[name].title for name in asked}
    table = verdicts(list(results.values()), seed)
    studies = table["question"].map(lambda question: _study_of(question, list(tradeable)))
    table = table.assign(tradeable=studies.map(tradeable))
    return table[studies.isin(titles)].reset_index(drop=True)


def _study_of(question: str, titles: Sequence[str]) -> str:
    """Return the title of the study a question is of, which may name a group behind it."""
    fitting = [t for t in titles if question == t or question.startswith(f"{t}: ")]
    return max(fitting, key=len)


def _strategy(result: StudyResult, backtests: Mapping[str, BacktestResult]) -> str:
    """Return the strategy whose events are the study's; of several the one with the lowest net."""
    events = set(result.events["id"])
    nets = {}
    for name, outcome in backtests.items():
        traded = set(outcome.trades["event"])
        if traded and traded <= events:
            nets[name] = float(outcome.trades["net"].sum())
    return min(nets, key=lambda name: nets[name]) if nets else ""


def page_of(results: Mapping[str, StudyResult], seed: int) -> dict[str, float | None]:
    """Return how many estimates a run's page counts, and what chance alone would show.

    Returns
    -------
    dict
        ``estimates``, and ``chance``: how often a page like this shows some plain p below 5 %
        without any effect (None below ten estimates).
    """
    items = [item for result in results.values() for item in result.evidence]
    page = Page.of(items, seed)
    chance = page.chance if math.isfinite(page.chance) else None
    return {"estimates": page.counted, "chance": chance}
