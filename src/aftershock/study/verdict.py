"""The verdict of each question: what was found, how sure it is, and what it hangs on.

A question is a study, or a group of one. One estimate speaks for it; it is clear where it
survives every estimate beside it and everything that was asked of it, fragile where it is
sure within its own study only, and cannot be told else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import stats

from aftershock.study.evidence import LEVEL, Evidence, evidence
from aftershock.study.inference.page import chance_of_one, moved, page_floor, page_p
from aftershock.study.pooling import ALL
from aftershock.tables import make_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from aftershock.arrays import FloatArray
    from aftershock.study.result import StudyResult

Class = Literal["clear", "fragile", "cannot tell", "no test", "sample"]
RANK: tuple[Class, ...] = ("clear", "fragile", "cannot tell", "no test", "sample")
COLUMNS = [
    "question",
    "class",
    "reason",
    "event",
    "window",
    "estimate",
    "low",
    "high",
    "m",
    "p_value",
    "page_p",
    "holm",
    "placebo_p",
    "chosen",
    "shares",
    "tradeable",
    "page_n",
    "page_floor",
]
GROUP = 5  # events from which on a question is answered by their mean
PAIR = 2  # events up to which all of them speak where none is seen
FEW_ESTIMATES = 10  # below which nothing is said of how often chance shows one
NAN = float("nan")
SAMPLE = "simulated prices: shows the method, not the market"


@dataclass(frozen=True, slots=True)
class Page:
    """Every estimate of one run, judged together.

    Attributes
    ----------
    items
        The N estimates.
    p : ndarray, shape (N,)
        Page p; NaN where an estimate has no ring.
    floor : ndarray, shape (N,)
        About the smallest page p of a one-day move.
    counted
        Estimates that have a page p.
    chance
        How often a page like this shows a plain p below 5 % without any effect; NaN below ten
        estimates.
    """

    items: tuple[Evidence, ...]
    p: FloatArray
    floor: FloatArray
    counted: int
    chance: float

    @classmethod
    def of(cls, items: Sequence[Evidence], seed: int) -> Page:
        """Judge estimates together: ring max-T with step-down over all that have a ring."""
        whole = [i for i, item in enumerate(items) if item.strands]
        z = moved([[strand.z for strand in items[i].strands] for i in whole], seed)
        p, floor = np.full(len(items), NAN), np.full(len(items), NAN)
        p[whole] = page_p(z) if whole else []
        floor[whole] = [_floor(items[i], items) for i in whole]
        return cls(tuple(items), p, floor, len(whole), _chance(z, len(whole)))


def _chance(z: FloatArray, count: int) -> float:
    return chance_of_one(z) if count >= FEW_ESTIMATES else NAN


def _floor(item: Evidence, items: Sequence[Evidence]) -> float:
    """Return the largest floor among an estimate's series."""
    floors = []
    for strand in item.strands:
        windows = {
            (other.first, other.last)
            for beside in items
            for other in beside.strands
            if other.series == strand.series
        }
        floors.append(page_floor(sorted(windows), item.length, strand.z.size))
    return max(floors)


@dataclass(frozen=True, slots=True)
class Judged:
    """One estimate with its page p, and the class that follows."""

    item: Evidence
    page_p: float
    page_n: int
    page_floor: float
    m: int

    @property
    def failures(self) -> list[str]:
        """What a clear verdict asks and this does not pass, in the order it is said."""
        return [*self._page(), *(c.words for c in self.item.checks if c.passed is not True)]

    def _page(self) -> Iterator[str]:
        if not np.isfinite(self.page_p):
            yield "not checked: page p"
        elif self.item.length == 1 and self.page_floor > LEVEL:
            yield f"not checked: page floor {self.page_floor:.3f}"
        elif self.page_p > LEVEL:
            yield f"page p = {self.page_p:.3f}"

    @property
    def verdict(self) -> Class:
        """``clear``, ``fragile`` or ``cannot tell``."""
        if not self.failures and self.item.p_value < LEVEL:
            return "clear"
        return "fragile" if self.m * self.item.p_value < LEVEL else "cannot tell"

    @property
    def reason(self) -> str:
        """What the class hangs on."""
        if self.verdict == "clear":
            return "survives everything beside it"
        if self.verdict == "fragile":
            return "; ".join(self.failures)
        p = self.item.p_value
        unseen = ""
        if np.isfinite(self.item.detectable):
            unseen = f"; a true move under {self.item.detectable:.1%} would likely be missed"
        if p < LEVEL:
            many = min(self.m * p, 1.0)
            return f"p = {p:.3f} by itself, {many:.3f} counting the study's {self.m}{unseen}"
        return (f"p = {p:.3f}" if np.isfinite(p) else "no test applies") + unseen

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, simultaneous over the study's m estimates."""
        half = float(stats.t.isf(LEVEL / (2 * self.m), self.item.dof)) * self.item.se
        return self.item.estimate - half, self.item.estimate + half

    @property
    def order(self) -> tuple[int, float, float]:
        """Class, page p, size: how verdicts are ordered."""
        p = self.page_p if np.isfinite(self.page_p) else 2.0
        t = self.item.t
        return RANK.index(self.verdict), p, -t if np.isfinite(t) else 0.0


def verdicts(results: Sequence[StudyResult], seed: int = 0) -> pd.DataFrame:
    """Return one row per question of several studies, judged on one page, the surest first.

    A second row of a question names the single event that stands out beside a mean that says
    nothing, or the other of two events neither of which is seen.
    """
    groups = [result.evidence or evidence(result) for result in results]
    page = Page.of([item for group in groups for item in group], seed)
    at = 0
    rows: list[tuple[tuple[Any, ...], list[dict[str, Any]]]] = []
    for result, items in zip(results, groups, strict=True):
        judged = [
            Judged(item, page.p[i], page.counted, page.floor[i], len(items))
            for i, item in enumerate(items, at)
        ]
        at += len(items)
        rows += _questions(result, judged)
    rows.sort(key=lambda row: row[0])
    return typed(make_table([row for _, lines in rows for row in lines], COLUMNS))


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """Return verdicts with ``shares`` as text: ids here, while a trade's column counts shares."""
    names = table["shares"].where(table["shares"].notna(), "").astype("str")
    return table.assign(shares=names)


def _questions(
    result: StudyResult, judged: Sequence[Judged]
) -> Iterator[tuple[tuple[Any, ...], list[dict[str, Any]]]]:
    """Yield a study's questions: how each is ordered, and its rows."""
    events = result.events
    for group in dict.fromkeys(events["group"]):
        own = [one for one in judged if one.item.group == group]
        speakers = list(_speakers(own))
        title = result.title if group == ALL else f"{result.title}: {group}"
        if not speakers:
            yield (RANK.index("no test"), 2.0, 0.0), [_untested(result, group, title)]
            continue
        lines = [_row(title, one, market=result.is_market_data) for one in speakers]
        yield min(one.order for one in speakers), lines


def _speakers(own: Sequence[Judged]) -> Iterator[Judged]:
    """Yield the estimates that speak for a question, one or two."""
    singles = sorted((one for one in own if one.item.event), key=lambda one: one.order[1:])
    means = [one for one in own if not one.item.event and one.item.n >= GROUP]
    if means:
        yield means[0]
        outstanding = [one for one in singles if one.verdict in ("clear", "fragile")]
        if means[0].verdict == "cannot tell" and outstanding:
            yield outstanding[0]
        return
    if not singles:
        return
    yield singles[0]
    names = list(dict.fromkeys(one.item.event for one in singles))
    unseen = all(not one.item.p_value < LEVEL for one in singles)
    if len(names) == PAIR and unseen:
        yield next(one for one in singles if one.item.event != singles[0].item.event)


def _row(title: str, one: Judged, *, market: bool) -> dict[str, Any]:
    low, high = one.interval
    item = one.item
    return {
        "question": title,
        "class": one.verdict if market else "sample",
        "reason": one.reason if market else SAMPLE,
        "event": item.event,
        "window": item.window,
        "estimate": item.estimate,
        "low": low,
        "high": high,
        "m": one.m,
        "p_value": item.p_value,
        "page_p": one.page_p,
        "holm": item.holm,
        "placebo_p": item.placebo_p,
        "chosen": item.chosen,
        "shares": ";".join(item.shares),
        "tradeable": "",
        "page_n": one.page_n,
        "page_floor": one.page_floor,
    }


def _untested(result: StudyResult, group: str, title: str) -> dict[str, Any]:
    """Return the row of a question on which nothing was estimated."""
    events = result.events[result.events["group"] == group]
    numbers = dict.fromkeys(("estimate", "low", "high", "p_value", "page_p", "holm"), NAN)
    studied = events["status"].ne("excluded").any()
    if studied:
        reason = "nothing is estimated before these events"
    else:
        why, count = Counter(events["reason"]).most_common(1)[0]
        reason = f"none of {len(events)} events could be studied: {why} ({count})"
        if len(events) == 1:
            reason = f"the one event could not be studied: {why}"
    chosen = Counter(events["chosen"])
    return {
        "question": title,
        "class": "no test",
        "reason": reason,
        "event": "",
        "window": "",
        **numbers,
        "m": 0,
        "placebo_p": NAN,
        "chosen": ", ".join(f"{count} {how}" for how, count in chosen.items()),
        "shares": "",
        "tradeable": "",
        "page_n": NAN,
        "page_floor": NAN,
    }


def in_lines(table: pd.DataFrame) -> list[str]:
    """Return verdicts as text: two lines each, what was found and what it hangs on."""
    lines = []
    row: Any
    for row in typed(table).itertuples(index=False):
        sure = str(row[1])  # a column named as a keyword is
        about = f"{row.event or 'the mean'} {row.window}" if row.window else ""
        lines.append(
            f"{sure:<12} {row.question}{f': {about}' if about.strip() else ''}{_moved(row)}"
        )
        lines.append(f"{'':<12} {row.reason}{_chosen(row)}")
    return lines


def _moved(row: Any) -> str:
    if not np.isfinite(row.estimate):
        return ""
    page = (
        f", page p {row.page_p:.3f} (of {row.page_n:.0f} estimates, floor {row.page_floor:.3f})"
        if np.isfinite(row.page_p)
        else ", no page p"
    )
    band = f"95 %, chosen from {row.m:.0f}: {row.low:+.1%} to {row.high:+.1%}"
    return f" {row.estimate:+.1%} ({band}), p {row.p_value:.3f}{page}"


def _chosen(row: Any) -> str:
    beside = f"; chosen: {row.chosen}"
    if row.shares:
        beside += f"; shares its window with {str(row.shares).replace(';', ', ')}"
    return beside + (f"; traded by {row.tradeable}" if row.tradeable not in ("", np.nan) else "")
