"""What a backtest came to, in one sentence with all that weakens it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aftershock.backtest.luck.check import NOT_RUN, refusal
from aftershock.backtest.text import terminal
from aftershock.report.cells import joined
from aftershock.report.sentences import stop

if TYPE_CHECKING:
    from markupsafe import Markup

    from aftershock.report.cells import Folder, Record, Sheet
    from aftershock.report.words import Language


def backtest_sentence(
    folder: Folder, where: str, market: bool, benchmark: str, lang: Language
) -> Markup:
    """Return what a backtest came to, against the benchmark, with what is known of luck.

    Parameters
    ----------
    folder, where, market, lang
        As in ``study_sentence``.
    benchmark
        What it is compared with.
    """
    metrics = folder.record(f"{where}/metrics.json")
    trades = metrics.cell("trades", "count", lang)
    if not metrics.get("trades"):
        return lang.h("No trade was made; the reasons stand with the events and orders.")
    if not market:
        return lang.numbered(
            "{n} trade on reconstructed prices.", "{n} trades on reconstructed prices.", trades
        )
    versus = folder.sheet(f"{where}/versus.csv")
    at = {str(name): i for i, name in enumerate(versus.columns["metric"])}
    head = lang.h(
        "{trades}: {own} in all over {sessions}, of which {share} in the market",
        trades=lang.numbered("{n} trade", "{n} trades", trades),
        own=metrics.cell("total_return", "percent1", lang),
        sessions=lang.numbered(
            "{n} session", "{n} sessions", metrics.cell("sessions", "count", lang)
        ),
        share=metrics.cell("time_in_market", "share1", lang),
    )  # fmt: skip
    fall = lang.h("deepest fall {fall}", fall=metrics.cell("max_drawdown", "percent1", lang))
    clauses = [head, *_beside(versus, at, benchmark, lang), fall]
    clauses += [*_alpha(versus, at, lang), *_luck(folder, where, lang)]
    clauses += [
        *_trials(folder, where, lang),
        *_break_even(folder, where, lang),
        *_ruin(metrics, lang),
    ]
    return joined(clauses, lang.t("; ")) + stop(lang)


def _beside(versus: Sheet, at: dict[str, int], benchmark: str, lang: Language) -> list[Markup]:
    """Return the benchmark over the sessions held, with the same money: bought, and same side."""
    if "held: beyond" not in at:
        return []
    held, beyond = at["held: total_return"], at["held: beyond"]
    return [
        lang.h(
            "with the same money over the sessions held {benchmark} made {bought} bought and {side}"
            " on the same side, which leaves {beyond} to the strategy",
            benchmark=benchmark,
            bought=versus.cell(held, "benchmark", "percent1", lang),
            side=versus.cell(held, "same_side", "percent1", lang),
            beyond=versus.cell(beyond, "strategy", "percent1", lang),
        )
    ]


def _alpha(versus: Sheet, at: dict[str, int], lang: Language) -> list[Markup]:
    i = at.get("full sample: alpha p")
    if i is None:
        return []
    if pd.isna(versus.value(i, "strategy")):
        return []
    alpha = versus.cell(at["full sample: alpha a year"], "strategy", "percent1", lang)
    return [
        lang.h(
            "alpha {alpha} a year, p = {p}", alpha=alpha, p=versus.cell(i, "strategy", "p", lang)
        )
    ]


def _luck(folder: Folder, where: str, lang: Language) -> list[Markup]:
    """Return what is known of luck: whether there are trades enough to ask, and the placebo."""
    luck = folder.sheet(f"{where}/luck.csv")
    if not luck.has("check", "p_value", "floor", "n"):
        return []
    at = {str(name): i for i, name in enumerate(luck.columns["check"])}
    said = []
    if "bootstrap" in at and refusal(int(luck.value(at["bootstrap"], "n"))):
        n = luck.cell(at["bootstrap"], "n", "count", lang)
        said.append(lang.h("n = {n}: no inference", n=n))
    if "placebo" in at and not pd.isna(luck.value(at["placebo"], "p_value")):
        p, floor = (luck.cell(at["placebo"], name, "p", lang) for name in ("p_value", "floor"))
        said.append(lang.h("placebo p = {p} (floor {floor})", p=p, floor=floor))
    elif "placebo" in at and luck.value(at["placebo"], "note") == NOT_RUN:
        remedy = terminal("backtest", where.rpartition("/")[2])
        said.append(lang.h("placebo not run: {remedy}", remedy=lang.phrase(remedy)))
    return said


def _trials(folder: Folder, where: str, lang: Language) -> list[Markup]:
    """Return what the best of a sweep is worth, by the placebos of the whole grid."""
    swept = folder.sheet(f"{where}/sweep.csv")
    if not swept.has("net", "p_value") or swept.frame["net"].isna().all():
        return []
    n = swept.count("net == net")
    best = int(np.nanargmax(swept.frame["net"].to_numpy("float64")))
    if pd.isna(swept.value(best, "p_value")):
        return [
            lang.numbered(
                "{n} combination was tried",
                "{n} combinations were tried, and the best is best by luck as well", n,
            )
        ]  # fmt: skip
    p = swept.cell(best, "p_value", "p", lang)
    return [
        lang.numbered(
            "the only combination: p = {p}",
            "the best of {n} combinations: p = {p}, corrected for all of them", n, p=p,
        )
    ]  # fmt: skip


def _break_even(folder: Folder, where: str, lang: Language) -> list[Markup]:
    metrics = folder.record(f"{where}/metrics.json")
    even = metrics.get("break_even_borrow")
    if even is not None:
        if even <= 0.0:
            return []  # no profit even where borrowing is free
        rate = metrics.cell("break_even_borrow", "share1", lang)
        return [lang.h("its profit is gone at a borrow rate of {rate} a year", rate=rate)]
    trades = folder.sheet(f"{where}/trades.csv")
    if not trades.has("break_even_borrow"):
        return []
    rates = trades.frame["break_even_borrow"].to_numpy("float64")
    if not np.isfinite(rates).any() or np.nanmin(rates) <= 0.0:
        return []  # a trade that lost money at no borrow fee at all
    rate = trades.cell(int(np.nanargmin(rates)), "break_even_borrow", "share1", lang)
    return [
        lang.h("the first short is without profit at a borrow rate of {rate} a year", rate=rate)
    ]


def _ruin(metrics: Record, lang: Language) -> list[Markup]:
    if not metrics.get("ruined"):
        return []
    return [lang.h("ruined on {day}", day=metrics.cell("ruined", "day", lang))]
