"""The checks of a panel's bars: what each looks for, how grave it is, what to do about it.

Every search takes a ``Sight`` of the panel and yields stretches of one ticker's sessions:
column, first row, last row, detail.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from aftershock.formats import counted
from aftershock.sessions import as_utc64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aftershock.arrays import BoolArray, FloatArray, IntArray
    from aftershock.prices.panel import PricePanel

Severity = Literal["error", "warning", "note"]
Stretch = tuple[int, int, int, str]

JUMP_SIGMAS = 6.0  # of the ticker's own daily log returns, robustly measured
STALE_CLOSES = 5  # equal closes in a row at the end of the data
SUSPENSION = 5  # sessions in a row without trading
SETTLES = dt.timedelta(minutes=30)  # a close is final only then: auctions, delayed quotes
_COMMON = 0.05  # share of volumes that end in so many zeros by habit of the source
_ODD_ZEROS = 3  # zeros beyond that habit: 1 in 1,000 by chance
_MOST_ZEROS = 12
_DIGITS = 4  # digits that price and volume must share: fewer coincide by chance


@dataclass(frozen=True)
class Sight:
    """A panel as the checks look at it: masks of shape (S, N), each made once.

    Attributes
    ----------
    panel
        What is checked.
    now
        The instant at which a session counts as over or not.
    """

    panel: PricePanel
    now: dt.datetime

    @cached_property
    def traded(self) -> BoolArray:
        """True where there is a close."""
        return np.isfinite(self.panel.close)

    @cached_property
    def first(self) -> IntArray:
        """Row of each ticker's first close, shape (N,); 0 where there is none."""
        return np.asarray(np.argmax(self.traded, axis=0))

    @cached_property
    def last(self) -> IntArray:
        """Row of each ticker's last close, shape (N,)."""
        return np.asarray(len(self.traded) - 1 - np.argmax(self.traded[::-1], axis=0))

    @cached_property
    def newest(self) -> BoolArray:
        """True on each ticker's last bar."""
        out = np.zeros_like(self.traded)
        out[self.last, np.arange(out.shape[1])] = True
        return out & self.traded

    @cached_property
    def missing(self) -> BoolArray:
        """True where a session inside a ticker's history has no bar."""
        rows = np.arange(len(self.traded))[:, None]
        return ~self.traded & (rows > self.first) & (rows < self.last) & self.traded.any(axis=0)

    @cached_property
    def flat(self) -> BoolArray:
        """True where open, high, low and close are one and nothing was traded."""
        panel = self.panel
        same = (panel.open == panel.close) & (panel.high == panel.low)
        return np.asarray(same & (panel.high == panel.close) & (panel.volume == 0))

    @cached_property
    def quiet(self) -> list[tuple[int, int, int]]:
        """Stretches without trading long enough to be a suspension: column, first, last row."""
        return [run for run in runs(self.missing | self.flat) if run[2] - run[1] + 1 >= SUSPENSION]

    @cached_property
    def suspended(self) -> BoolArray:
        """True inside a suspension."""
        out = np.zeros_like(self.traded)
        for column, first, last in self.quiet:
            out[first : last + 1, column] = True
        return out

    @cached_property
    def half_days(self) -> BoolArray:
        """True where the exchange closed early, shape (S,)."""
        dates = self.panel.sessions.dates.astype("datetime64[us]")
        length = (self.panel.sessions.closes - dates).astype("int64")
        return np.asarray(length < np.median(length) - 3_600_000_000)  # an hour, daylight saving

    def day(self, row: int) -> str:
        """Return the session of a row, as text."""
        return str(self.panel.sessions.dates[row])


def runs(mask: BoolArray) -> list[tuple[int, int, int]]:
    """Return the unbroken stretches of True down each column: column, first, last row."""
    if not mask.any():
        return []
    columns = np.flatnonzero(mask.any(axis=0))
    part = np.zeros((len(columns), len(mask) + 2), dtype=np.int8)
    part[:, 1:-1] = mask[:, columns].T
    change = np.diff(part, axis=1)
    starts, ends = np.argwhere(change == 1), np.argwhere(change == -1)
    return [
        (int(columns[at]), int(first), int(after) - 1)
        for (at, first), (_, after) in zip(starts, ends, strict=True)
    ]


def _gaps(sight: Sight) -> Iterator[Stretch]:
    for column, first, last in runs(sight.missing & ~sight.suspended):
        days = last - first + 1
        yield (
            column,
            first,
            last,
            "no bar on a session" if days == 1 else f"{days} sessions without a bar",
        )


def _suspensions(sight: Sight) -> Iterator[Stretch]:
    for column, first, last in sight.quiet:
        yield column, first, last, f"{last - first + 1} sessions in a row without trading"


def _flat(sight: Sight) -> Iterator[Stretch]:
    close = sight.panel.close
    for column, first, last in runs(sight.flat & ~sight.suspended & ~sight.newest):
        half = ", on a half day" if sight.half_days[first] else ""
        price = f"{close[first, column]:g}"
        yield column, first, last, f"open, high, low and close all {price}, volume 0{half}"


def _zero_volume(sight: Sight) -> Iterator[Stretch]:
    panel = sight.panel
    moved = (panel.volume == 0) & sight.traded & ~sight.flat & ~sight.newest
    for column, first, last in runs(moved):
        half = ", on a half day" if sight.half_days[first] else ""
        yield column, first, last, f"volume 0 although the price moved{half}"


def _unfinished(sight: Sight) -> Iterator[Stretch]:
    panel = sight.panel
    final = as_utc64(sight.now - SETTLES)
    for row, column in np.argwhere(sight.newest & (panel.volume == 0)):
        yield column, row, row, f"volume 0 on the newest bar, close {panel.close[row, column]:g}"
    open_rows = (panel.sessions.closes > final)[:, None] & sight.newest & ~(panel.volume == 0)
    for row, column in np.argwhere(open_rows):
        yield column, row, row, f"the session of {sight.day(row)} is not over"


def _disordered(sight: Sight) -> Iterator[Stretch]:
    p = sight.panel
    with np.errstate(invalid="ignore"):
        wrong = p.high < np.fmax(p.open, p.close)
        wrong |= p.low > np.fmin(p.open, p.close)
        wrong |= p.high < p.low
    for row, column in np.argwhere(wrong):
        shown = " ".join(
            f"{name} {getattr(p, name)[row, column]:g}" for name in ("open", "high", "low", "close")
        )
        yield column, row, row, f"high and low do not hold open and close: {shown}"


def _high_low_missing(sight: Sight) -> Iterator[Stretch]:
    panel = sight.panel
    there = np.isfinite(panel.high) & np.isfinite(panel.low)
    lost = sight.traded & ~there & there.any(axis=0)  # closes alone are a choice of the source
    for column, first, last in runs(lost):
        yield column, first, last, f"{counted(last - first + 1, 'bar')} without high or low"


def _volume_placeholders(sight: Sight) -> Iterator[Stretch]:
    volume = sight.panel.volume
    columns, rows = np.nonzero((volume.T % 10.0 == 0) & (volume.T > 0))
    if not rows.size:
        return
    sizes = volume[rows, columns]
    counts = (volume > 0).sum(axis=0)
    for hit, what in (
        (_like_a_price(sight.panel, rows, columns, sizes), "is the day's price in digits"),
        (_too_round(columns, sizes, counts), "is a round number"),
    ):
        for at in np.flatnonzero(hit):
            row, detail = int(rows[at]), f"volume {sizes[at]:,.0f} {what}"
            yield int(columns[at]), row, row, detail


def _like_a_price(
    panel: PricePanel, rows: IntArray, columns: IntArray, sizes: FloatArray
) -> BoolArray:
    """Return which volumes are an own price times a power of ten, to four digits or more."""
    hit = np.zeros(sizes.shape, dtype=bool)
    for name in ("open", "high", "low", "close"):
        ratio = sizes / getattr(panel, name)[rows, columns]
        power = 10.0 ** np.rint(np.log10(np.fmax(ratio, 10.0)))
        hit |= np.abs(ratio - power) < 1e-9 * power
    at = np.flatnonzero(hit)
    digits = [len(f"{size:.0f}".rstrip("0")) for size in sizes[at]]
    hit[at] = np.array(digits, dtype="int64") >= _DIGITS
    return hit


def _too_round(columns: IntArray, sizes: FloatArray, counts: IntArray) -> BoolArray:
    """Return which volumes end in far more zeros than their ticker's volumes usually do."""
    usual = np.zeros(len(counts), dtype="int64")
    ends = np.zeros(sizes.shape, dtype="int64")  # zeros each volume ends in
    left = np.arange(len(sizes))
    for zeros in range(1, _MOST_ZEROS):
        left = left[sizes[left] % 10.0**zeros == 0]
        if not left.size:
            break
        ends[left] = zeros
        share = np.bincount(columns[left], minlength=len(counts))
        usual[(usual == zeros - 1) & (share > 0) & (share >= _COMMON * counts)] = zeros
    return np.asarray(ends >= usual[columns] + _ODD_ZEROS)


def _stale_tails(sight: Sight) -> Iterator[Stretch]:
    end = len(sight.traded) - 1
    close = sight.panel.close
    for column in np.flatnonzero((sight.last < end) & sight.traded.any(axis=0)):
        last = int(sight.last[column])
        detail = f"{counted(end - last, 'session')} without a bar after the last one"
        yield int(column), last, end, detail
    for column in np.flatnonzero(sight.traded.sum(axis=0) >= STALE_CLOSES):
        last = int(sight.last[column])
        tail = close[max(0, last - STALE_CLOSES + 1) : last + 1, column]
        if tail.size == STALE_CLOSES and (tail == tail[0]).all():
            detail = f"the last {STALE_CLOSES} closes are all {tail[0]:g}"
            yield int(column), last - STALE_CLOSES + 1, last, detail


def _single_bars(sight: Sight) -> Iterator[Stretch]:
    for column in np.flatnonzero(sight.traded.sum(axis=0) == 1):
        row = int(sight.first[column])
        yield int(column), row, row, "the only bar there is"


def _late_listings(sight: Sight) -> Iterator[Stretch]:
    for column in np.flatnonzero((sight.first > 0) & sight.traded.any(axis=0)):
        row = int(sight.first[column])
        yield int(column), row, row, f"{counted(row, 'session')} of the panel before the first bar"


def _jumps(sight: Sight) -> Iterator[Stretch]:
    adjusted = sight.panel.adjusted_close()
    for column in np.flatnonzero(sight.traded.sum(axis=0) > STALE_CLOSES):
        rows = np.flatnonzero(sight.traded[:, column])
        moves = np.diff(np.log(adjusted[rows, column]))
        spread = 1.4826 * float(np.median(np.abs(moves - np.median(moves))))
        if not spread > 0:
            continue
        for at in np.flatnonzero(np.abs(moves - np.median(moves)) > JUMP_SIGMAS * spread):
            row, move = int(rows[at + 1]), float(moves[at])
            times = f"{abs(move) / spread:.1f} times its usual day"
            yield int(column), row, row, f"moved {np.expm1(move):+.1%}, {times}"


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes
    ----------
    severity
        ``error`` cannot stand in a panel, ``warning`` can bend a result, ``note`` is worth a
        look.
    doubts
        Fields of the bar that the finding puts in doubt, and that ``drop`` takes out.
    closes
        True where it concerns closes, and so studies as well as backtests.
    remedy
        What to do about it.
    search
        Finds it in a panel; None where it is found while the bars are read or fetched.
    """

    severity: Severity
    doubts: tuple[str, ...]
    closes: bool
    remedy: str
    search: Callable[[Sight], Iterator[Stretch]] | None


_BAR = ("open", "high", "low", "close", "volume")
_VOLUME = ("volume",)
CHECKS = {
    "duplicate": Check("error", _BAR, True, "keep one bar per session", None),
    "not_positive": Check(
        "error", _BAR, True, "remove the bar; a session without trading has none", None
    ),
    "shifted": Check(
        "error", (), True, "load the dates as the exchange's own; nothing else can be checked", None
    ),
    "non_session": Check(
        "warning", (), True,
        "left out of the panel; check the date, or the calendar, 'closed' and 'open'", None,
    ),
    "contradiction": Check(
        "warning", (), True,
        "the stored value is used; 'aftershock prices fetch --accept' records the revision", None,
    ),
    "gap": Check(
        "warning", (), True,
        "studied as missing; fetch again, or confirm that nothing was traded", _gaps,
    ),
    "suspension": Check(
        "warning", _BAR, True,
        'confirm the halt; a study can bridge it with halts="trade_to_trade"', _suspensions,
    ),
    "flat_zero_volume": Check(
        "warning", _BAR, True, "a placeholder: replace the bar, or drop it", _flat
    ),
    "unfinished": Check(
        "warning", _BAR, True, "fetch again after the close, or drop the bar", _unfinished
    ),
    "single_bar": Check(
        "warning", (), True, "fetch again; one bar has no return", _single_bars
    ),
    "stale_tail": Check(
        "warning", (), True, "fetch again; later events have no prices", _stale_tails
    ),
    "disordered_ohlc": Check(
        "warning", _BAR, False, "correct the bar; orders fill on these prices", _disordered
    ),
    "high_low_missing": Check(
        "warning", (), False, "closes can be studied; a backtest needs high and low",
        _high_low_missing,
    ),
    "unit_change": Check(
        "warning", _BAR, True,
        "bring all closes to one unit (100 pence are a pound), or confirm the move", None,
    ),
    "impossible_volume": Check(
        "warning", _VOLUME, False, "taken as unknown; fetch again, or correct it", None
    ),
    "zero_volume": Check(
        "warning", _VOLUME, False, "fetch again, or take the volume as unknown", _zero_volume
    ),
    "volume_placeholder": Check(
        "warning", _VOLUME, False, "take the volume as unknown, or correct it",
        _volume_placeholders,
    ),
    "revision": Check(
        "note", (), True, "recorded; runs made before used the value of then", None
    ),
    "late_listing": Check(
        "note", (), True, "nothing, if it was listed then; else fetch its history", _late_listings
    ),
    "jump": Check(
        "note", _BAR, True,
        "confirm against another source; a split not marked looks like this", _jumps,
    ),
}  # fmt: skip
