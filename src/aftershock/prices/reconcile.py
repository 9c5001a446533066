"""Price step, listed action and adjusted step of every ex-date: what agrees is used.

Two of the three must agree. The third is named in a finding, and what the bars hold
afterwards - dividend, split and adjustment - says one thing: a study and a backtest of them
see the same ex-date. A source that states no adjustment gets one from what it lists; one that
knows neither has 1.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from aftershock.prices.actions import adjustment, gains_inside, previous_close
from aftershock.prices.evidence import (
    CONTRADICTS,
    TELLS,
    Step,
    drifts,
    joint_odds,
    left_the_grid,
    steps_of,
)
from aftershock.prices.layouts import GAINS
from aftershock.prices.quality import Finding
from aftershock.prices.rulings import LEAST_SPLIT, Case, Part, Price, Ruling, pieces_of, rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aftershock.arrays import BoolArray, FloatArray
    from aftershock.prices.frames import Bars

_PARTS: tuple[Part, Part] = ("split", "dividend")
_NEAR = 5  # bars by which the date of a split may be off
_SHOWN = 3  # findings of a kind told one by one; more are a habit of the file, told as one


@dataclass(slots=True, eq=False)
class Books:
    """One ticker's actions while they are gone through, shape (B,) each, and what was found."""

    ticker: str
    bars: Bars
    dividend: FloatArray
    split: FloatArray
    factor: FloatArray | None
    findings: list[tuple[int, int, str, str]] = field(default_factory=list)

    def find(self, first: int, last: int, check: str, detail: str) -> None:
        """Note a finding on a stretch of bars."""
        self.findings.append((first, last, check, detail))


def reconcile(bars: Mapping[str, Bars]) -> tuple[dict[str, Bars], list[Finding]]:
    """Return every ticker's bars with actions and adjustment that agree, and what was odd.

    Parameters
    ----------
    bars
        Tidied bars by ticker, as the source has them.

    Notes
    -----
    An adjustment that a source states stays as stated wherever nothing contradicts it, and
    is NaN where it was missing. Decisions rest on the odds that ``evidence`` gives: a step of
    the price that could be either tells nothing, and then listing and adjustment decide;
    where they differ, the adjustment; where only a listing exists, closes are taken as
    traded.
    """
    out: dict[str, Bars] = {}
    findings: list[Finding] = []
    for ticker, one in bars.items():
        out[ticker], found = _reconciled(ticker, one)
        findings += found
    return out, findings


def _reconciled(ticker: str, bars: Bars) -> tuple[Bars, list[Finding]]:
    if not bars.stated & {"Adjustment", "Dividends", "Stock Splits"} and GAINS not in bars.columns:
        return bars, []
    books = _opened(ticker, bars)
    close = bars.columns["Close"]
    _missing_factors(books)
    _splits_put_right(books)
    steps = steps_of(_traded(bars), *_logs(books), books.factor)
    if steps:
        _judged(books, steps)
    factor = books.factor
    if factor is None:
        factor = adjustment(close, books.dividend, books.split)
    columns = {"Dividends": books.dividend, "Stock Splits": books.split, "Adjustment": factor}
    return replace(bars, columns={**bars.columns, **columns}), list(_findings(books))


def _opened(ticker: str, bars: Bars) -> Books:
    """Return what the source states, gains counted among the dividends."""
    dividend, split = (
        np.nan_to_num(bars.columns[name], nan=0.0) for name in ("Dividends", "Stock Splits")
    )
    stated = "Adjustment" in bars.stated
    factor = bars.columns["Adjustment"].copy() if stated else None
    books = Books(ticker, bars, dividend, split, factor)
    if GAINS in bars.columns:
        gain = np.nan_to_num(bars.columns[GAINS], nan=0.0)
        unknown = np.full_like(dividend, np.nan)
        inside = gains_inside(
            bars.columns["Close"], dividend, gain, unknown if factor is None else factor
        )
        for row in np.flatnonzero(inside):
            detail = (
                f"a capital gain of {gain[row]:g} is already inside the dividend of"
                f" {dividend[row]:g}; it is not paid a second time"
            )
            books.find(int(row), int(row), "odd_action", detail)
        books.dividend = dividend + np.where(inside, 0.0, gain)
    return books


def _traded(bars: Bars) -> FloatArray:
    """Return the closes that were traded, shape (B,): NaN where one repeats at volume 0."""
    close, volume = bars.columns["Close"], bars.columns["Volume"]
    if not (volume > 0.0).any():
        return close
    return np.where(np.r_[False, (np.diff(close) == 0.0)] & (volume == 0.0), np.nan, close)


def _logs(books: Books) -> tuple[FloatArray, FloatArray]:
    """Return logs of what listed splits and dividends should do to a close, shape (B,) each."""
    ratio = np.where(books.split > 0.0, books.split, 1.0)
    if not books.dividend.any():
        return -np.log(ratio), np.zeros_like(ratio)
    before = previous_close(books.bars.columns["Close"], books.split)
    paid = np.where(np.isfinite(before) & (books.dividend > 0.0), books.dividend / before, 0.0)
    return -np.log(ratio), np.log1p(-paid)


def _missing_factors(books: Books) -> None:
    """Note where an adjustment is stated for other bars and not for these, or drifts."""
    if books.factor is None:
        return
    close = books.bars.columns["Close"]
    for first, last in _stretches(np.isnan(books.factor)):
        detail = f"no adjusted close above 0 on {last - first + 1} of {close.size} bars"
        books.find(first, last, "adjustment_missing", detail)
    known = np.flatnonzero(np.isfinite(close) & np.isfinite(books.factor))
    moved = np.diff(np.log(books.factor[known]))
    if drifts(moved):
        count, every = int(np.sum(np.abs(moved) > 0.0)), moved.size
        detail = f"the adjustment moves on {count} of {every} sessions, as a sum in prices does"
        books.find(int(known[0]), int(known[-1]), "adjustment_drifts", detail)


def _stretches(mask: BoolArray) -> Iterator[tuple[int, int]]:
    """Yield first and last row of every stretch of True."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False].astype(np.int8)))
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        yield int(first), int(after) - 1


def _splits_put_right(books: Books) -> None:
    """Put splits that are listed upside down, or some bars off, where the close shows them."""
    rows = np.flatnonzero((books.split > 0.0) & (books.split != 1.0))
    if not rows.size:
        return
    traded = _traded(books.bars)
    steps = steps_of(traded, _logs(books)[0], np.zeros_like(traded), None)
    shown = {step.row for step in steps if step.odds("split") > TELLS}
    for step in steps:
        ratio = float(np.exp(-step.split))
        if step.is_nowhere and replace(step, split=-step.split).odds("split") > CONTRADICTS:
            _write(books, step, "split", -step.split)
            detail = f"a split of {ratio:g} is listed; the close shows one of {1.0 / ratio:g}"
            books.find(step.row, step.row, "odd_action", f"{detail}; what it shows is used")
        elif step.odds("split") < -TELLS:
            row = _shown_nearby(traded, step, shown)
            if row is None:
                continue
            _write(books, step, "split", 0.0)
            books.split[row] = ratio
            detail = f"a split of {ratio:g} is listed; the close shows it on {books.bars.days[row]}"
            books.find(step.row, row, "odd_action", f"{detail}; it is used there")


def _shown_nearby(traded: FloatArray, step: Step, shown: set[int]) -> int | None:
    """Return the bar, at most five from a listed split, on which the close shows it alone."""
    at = np.flatnonzero(np.isfinite(traded))
    place = int(np.searchsorted(at, step.row))
    near = range(max(1, place - _NEAR), min(at.size, place + _NEAR + 1))
    moves = {int(at[k]): float(np.log(traded[at[k]] / traded[at[k - 1]])) for k in near}
    rows = [
        row
        for row, move in moves.items()
        if row not in shown and replace(step, row=row, price=move).odds("split") > CONTRADICTS
    ]
    return rows[0] if len(rows) == 1 else None


def _judged(books: Books, steps: list[Step]) -> None:
    """Rule on every action of every ex-date, and make the books say so."""
    habits = _habits(books, steps)
    for step in steps:
        if not step.listed:
            _unlisted(books, step)
            continue
        pieces = pieces_of(step)
        total = 0.0
        for part in _PARTS:
            listed: float = getattr(step, part)
            if not listed:
                continue
            price, odds = _price_says(step, part, habits[part])
            stated, piece = pieces[part]
            is_own = abs(step.odds(part)) >= TELLS
            ruling = rule(step, Case(listed, piece, price, is_own, odds, stated))
            total += ruling.piece
            if ruling.listed != listed:
                _write(books, step, part, ruling.listed)
            if ruling.check and not (ruling.check == "assumed_action" and books.factor is not None):
                _note(books, step, ruling)
        _shift(books, step, total - step.factor)


def _habits(books: Books, steps: list[Step]) -> dict[Part, float]:
    """Return the joint odds, split and dividend each, that closes are as traded.

    Closes that show one action are as traded, dividends included; of a file without an
    adjusted close, yfinance takes out splits and dividends both. Closes that leave the grid of
    traded prices before the last ex-date were divided by something.
    """
    odds: dict[Part, float] = {part: joint_odds(steps, part) for part in _PARTS}
    if abs(odds["dividend"]) > TELLS:
        return odds
    telling = [odd for step in steps if abs(odd := step.odds("split")) > TELLS and step.split]
    paid = [odd for step in steps if abs(odd := step.odds("dividend")) > TELLS and step.dividend]
    dividends = [step.row for step in steps if step.dividend]
    if (telling or paid) and min(telling + paid) > 0.0 and not _is_followed(steps):
        odds["dividend"] = min(telling + paid)
    elif books.factor is None and telling and max(telling) < 0.0:
        odds["dividend"] = max(telling)
    elif (
        books.factor is None
        and dividends
        and left_the_grid(books.bars.columns["Close"], max(dividends))
    ):
        odds["dividend"] = -2.0 * TELLS
    return odds


def _is_followed(steps: list[Step]) -> bool:
    """Return whether the stated adjustment carries any listed action: then it is believed."""
    listed = [step for step in steps if step.listed and np.isfinite(step.factor)]
    return any(says == "carried" for step in listed for says, _ in pieces_of(step).values())


def _price_says(step: Step, part: Part, habit: float) -> tuple[Price, float]:
    """Return what the step of the close says of an action, and the odds behind it.

    The step itself where it tells, else the file's other steps.
    """
    if part == "split" and step.is_nowhere:
        return "nowhere", 0.0
    odds = step.odds(part)
    if abs(odds) < TELLS:
        odds = habit
    if abs(odds) < TELLS:
        return "untold", odds
    return ("as traded" if odds > 0.0 else "in the closes"), odds


def _unlisted(books: Books, step: Step) -> None:
    """Rule on a step of the adjustment for which no action is listed.

    Where the source lists none at all, a split that close and adjustment agree on is one,
    without a finding; its dividends stay in the adjustment alone.
    """
    likely = replace(step, split=step.factor).odds("split")
    if likely < -CONTRADICTS:
        why = "the close does not show what the adjusted close takes out: not applied"
        _note(books, step, Ruling(0.0, 0.0, "odd_adjustment", why))
        _shift(books, step, -step.factor)
        return
    if abs(step.factor) > LEAST_SPLIT:
        part: Part = "split"
        is_told = likely > TELLS
    else:
        part = "dividend"
        is_told = step.factor < 0.0 and "Dividends" in books.bars.stated
    if is_told:
        _write(books, step, part, step.factor)
        if books.bars.stated & {"Dividends", "Stock Splits"}:
            why = f"a {part} is taken from the adjusted close"
            _note(books, step, Ruling(step.factor, step.factor, "odd_action", why))


def _write(books: Books, step: Step, part: Part, listed: float) -> None:
    """Write an action into the books in place of what was listed since the close before."""
    values = books.split if part == "split" else books.dividend
    values[step.before + 1 : step.row + 1] = 0.0
    if listed and part == "split":
        values[step.row] = round(float(np.exp(-listed)), 6)
    elif listed:
        splits = books.split[step.before + 1 : step.row + 1]
        ratio = float(np.prod(np.where(splits > 0.0, splits, 1.0)))
        values[step.row] = -np.expm1(listed) * books.bars.columns["Close"][step.before] / ratio


def _shift(books: Books, step: Step, more: float) -> None:
    """Multiply the adjustment of all bars before an ex-date, so that its step is larger."""
    if books.factor is not None and np.isfinite(more) and abs(more) > 1e-12:  # noqa: PLR2004
        has_close = np.isfinite(books.bars.columns["Close"][: step.row])
        books.factor[: step.row] *= np.where(has_close, np.exp(more), 1.0)


def _note(books: Books, step: Step, ruling: Ruling) -> None:
    """Note a ruling: what is listed, what the close did, what the adjustment says, what follows."""
    clauses = [*_listed_words(step), f"the close moved {_percent(step.price)}"]
    if np.isfinite(step.factor):
        clauses.append(f"the adjusted close takes out {_percent(step.factor)}")
    books.find(step.row, step.row, ruling.check, "; ".join([*clauses, ruling.why]))


def _listed_words(step: Step) -> list[str]:
    words = []
    if step.split:
        words.append(f"a split of {np.exp(-step.split):g} is listed")
    if step.dividend:
        words.append(f"a dividend of {-np.expm1(step.dividend):.2%} of the close before is listed")
    return words or ["nothing is listed"]


def _percent(log: float) -> str:
    return f"{round(float(np.expm1(log)), 4) + 0.0:+.2%}"


def _findings(books: Books) -> Iterator[Finding]:
    """Yield findings, many of one kind as one: a habit of the file, from first to last."""
    kinds: dict[tuple[str, str], list[tuple[int, int, str]]] = defaultdict(list)
    for first, last, check, detail in books.findings:
        kinds[check, detail.rpartition("; ")[2]].append((first, last, detail))
    days = books.bars.days
    for (check, _), items in kinds.items():
        if check == "assumed_action" or len(items) > _SHOWN:
            first, last = items[0][0], items[-1][1]
            more = f"; the first of {len(items)} alike" if len(items) > 1 else ""
            told = [(first, last, items[0][2] + more)]
        else:
            told = items
        for first, last, detail in told:
            early, late = sorted((days[first].item(), days[last].item()))
            yield Finding(books.ticker, early, late, check, detail)
