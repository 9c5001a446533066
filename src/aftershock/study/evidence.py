"""The estimates a page counts, each with everything that is asked of it.

All figures are read from a result's own tables; only the rings, which a page moves together,
come from the engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.study.inference.breakdown import ROBUST
from aftershock.study.placebo import DECIDES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from aftershock.arrays import FloatArray
    from aftershock.study.result import StudyResult

LEVEL = 0.05
NAN = float("nan")
MEAN_OF = 2  # events that make a mean
POOLED = ("Kolari-Pynnonen", "BMP", "chain t", "calendar-day t")  # the first that applies
JOINT = "placebo, jointly"
ROWS = {"alpha0": "alpha = 0", "masked": "other events' days left out"}


@dataclass(frozen=True, slots=True, eq=False)
class Strand:
    """One window's ring, as a page moves it.

    Attributes
    ----------
    series
        The stock, or the difference of two.
    first, last
        Panel rows of the window.
    z : ndarray, shape (n,)
        Signed, locally scaled statistics by shift over all the series' sessions, other events
        kept; NaN where a window has left its ring.
    """

    series: str
    first: int
    last: int
    z: FloatArray

    @property
    def length(self) -> int:
        """Sessions of the window."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Check:
    """Something a clear verdict asks of an estimate.

    Attributes
    ----------
    passed
        None where it could not be checked.
    words
        What failed, or what was not checked and why.
    """

    passed: bool | None
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """One estimate that a page counts: a CAR of one event, or the mean of a group.

    Attributes
    ----------
    study, group
        Title of the study, and group.
    event
        The event's id; empty for a mean.
    start, end, length
        The window, and its sessions: a range of days has more than its offsets say.
    n
        Events in it.
    estimate, se, dof, p_value, holm, detectable
        As in the study's tables; the p of a mean is that of its pooled test.
    test
        What ``p_value`` is of.
    placebo_p
        Of the deciding ring, or of the joint placebo.
    strands
        What a page moves; empty where a ring is refused.
    checks
        Everything asked of it but its page p.
    chosen
        How its events came into the book, counted.
    shares
        Other events inside its own window.
    """

    study: str
    group: str
    event: str
    start: int
    end: int
    length: int
    n: int
    estimate: float
    se: float
    dof: float
    p_value: float
    holm: float
    detectable: float
    test: str
    placebo_p: float
    strands: tuple[Strand, ...]
    checks: tuple[Check, ...]
    chosen: str
    shares: tuple[str, ...] = ()

    @property
    def t(self) -> float:
        """Size of the estimate over its standard error."""
        return abs(self.estimate) / self.se if self.se > 0 else NAN

    @property
    def window(self) -> str:
        """The window as text."""
        return f"({self.start},{self.end})"


def evidence(result: StudyResult) -> tuple[Evidence, ...]:
    """Return every estimate of a study that a page counts.

    Every default CAR of a single event over a declared window (of an event whose hour is
    unknown, the window over both candidates only), and the mean of every group of two events
    or more that has a standard error.
    """
    return (*_singles(result, _Cells.of(result)), *_means(result))


@dataclass(frozen=True, slots=True)
class _Cells:
    """What the evidence reads from a result's tables, by event, window and row.

    Attributes
    ----------
    events
        The study's events by id.
    variants
        p of the CARs by event, window and row.
    rings
        The deciding ring's p, one-day floor and breakdown multiple.
    """

    events: Mapping[str, Any]
    variants: Mapping[tuple[Any, ...], float]
    rings: Mapping[tuple[Any, ...], tuple[float, float, float]]

    @classmethod
    def of(cls, result: StudyResult) -> _Cells:
        rows, single = result.car_rows, result.single
        deciding = single[single["test"] == DECIDES]
        variants: dict[tuple[Any, ...], float] = {}
        for *key, p in zip(
            *(rows[name] for name in ("event", "start", "end", "row", "p_value")), strict=True
        ):
            variants.setdefault(tuple(key), p)  # the first candidate session's stand first
        rings = {
            (event, start, end): values
            for event, start, end, *values in zip(
                *(deciding[name] for name in ("event", "start", "end", *RING)), strict=True
            )
        }
        events: dict[str, Any] = {str(row.id): row for row in result.events.itertuples()}
        return cls(events, variants, {key: (p, f, b) for key, (p, f, b) in rings.items()})


RING = ("p_value", "one_day_floor", "breakdown")


def _singles(result: StudyResult, cells: _Cells) -> Iterator[Evidence]:
    row: Any
    for row in counted(result).itertuples():
        event, key = cells.events[row.event], (row.event, row.start, row.end)
        strand = result.strands.get(key)
        length = int(row.end - row.start + 1) if strand is None else strand.length
        p, floor, breakdown = cells.rings.get(key, (NAN, NAN, NAN))
        checks = (
            *(_robustness(cells.variants.get((*key, name), NAN), name) for name in ROWS),
            _placebo(p, floor),
            *([_wilder(breakdown)] if length == 1 else []),
            Check(event.chosen != "after", "picked afterwards"),
        )
        yield Evidence(
            study=result.title,
            group=str(event.group),
            event=row.event,
            start=int(row.start),
            end=int(row.end),
            length=length,
            n=1,
            estimate=row.car,
            se=row.se,
            dof=row.dof,
            p_value=row.p_value,
            holm=row.p_holm,
            detectable=row.detectable,
            test="t",
            placebo_p=p,
            strands=() if strand is None else (strand,),
            checks=checks,
            chosen=str(event.chosen),
            shares=tuple(_inside(str(event.confounders), int(row.start), int(row.end))),
        )


def counted(result: StudyResult) -> pd.DataFrame:
    """Return the default CARs of single events that a page counts."""
    car = result.car
    car = car[car["p_value"].notna()]
    events = result.events.set_index("id")
    own = events.loc[car["event"]]
    first = own["session"].to_numpy()
    of_first = (car["session"].to_numpy() == first) | car["session"].isna().to_numpy()
    unknown = own["session_alt"].notna().to_numpy()
    both = ((car["start"] == 0) & (car["end"] == 1)).to_numpy()
    kept: pd.DataFrame = car[of_first & (~unknown | both)]
    return kept


def _robustness(p: float, name: str) -> Check:
    """Return whether p stays on its side in one of the robustness rows."""
    if not np.isfinite(p):
        return Check(None, f"not checked: {ROWS[name]}")
    return Check(p < LEVEL, f"{ROWS[name]} (p = {p:.3f})")


def _placebo(p: float, floor: float) -> Check:
    if not np.isfinite(p):
        return Check(None, "not checked: placebo")
    if floor > LEVEL:
        return Check(None, f"not checked: a move of one day cannot reach 5 % (L/n = {floor:.3f})")
    return Check(p <= LEVEL, f"placebo p = {p:.3f}")


def _wilder(multiple: float) -> Check:
    if not np.isfinite(multiple):
        return Check(None, "not checked: a wilder day")
    return Check(multiple >= ROBUST, f"a wilder day (variance x {multiple:.1f})")


def _inside(confounders: str, start: int, end: int) -> Iterator[str]:
    """Yield the other events inside a window, from their signed distances to day 0."""
    for item in confounders.split(";") if confounders else ():
        name, _, distance = item.rpartition(":")
        if start <= int(distance) <= end:
            yield name


def _means(result: StudyResult) -> Iterator[Evidence]:
    row: Any
    for row in result.caar.itertuples():
        if row.n < MEAN_OF or not np.isfinite(row.se):
            continue
        members = result.events[
            (result.events["group"] == row.group) & (result.events["status"] == "used")
        ]
        test, p = _pooled(result, row)
        joint = _test(result, row, JOINT)
        chosen = members["chosen"].value_counts()
        strands = [result.strands.get((name, row.start, row.end)) for name in _pool(result, row)]
        checks = (
            Check(p < LEVEL, f"{test} p = {p:.3f}")
            if test
            else Check(None, "not checked: no pooled test applies"),
            Check(joint <= LEVEL, f"joint placebo p = {joint:.3f}")
            if np.isfinite(joint)
            else Check(None, "not checked: joint placebo"),
            _left_out(result, row),
            Check("after" not in chosen.index, "picked afterwards"),
        )
        yield Evidence(
            study=result.title,
            group=row.group,
            event="",
            start=int(row.start),
            end=int(row.end),
            length=int(row.end - row.start + 1),
            n=int(row.n),
            estimate=row.caar,
            se=row.se,
            dof=row.n - 1.0,
            p_value=p,
            holm=NAN,
            detectable=row.detectable,
            test=test,
            placebo_p=joint,
            strands=tuple(s for s in strands if s is not None) if None not in strands else (),
            checks=checks,
            chosen=", ".join(f"{count} {how}" for how, count in chosen.items()),
        )


def _pool(result: StudyResult, row: Any) -> list[str]:
    """Return the events whose mean a row is."""
    return list(result.pooled.get((row.group, row.start, row.end), ()))


def _pooled(result: StudyResult, row: Any) -> tuple[str, float]:
    """Return the first pooled test that applies, and its p."""
    for name in POOLED:
        p = _test(result, row, name)
        if np.isfinite(p):
            return name, p
    return "", NAN


def _test(result: StudyResult, row: Any, name: str) -> float:
    tests = result.tests
    same = (tests["group"] == row.group) & (tests["test"] == name)
    same &= (tests["start"] == row.start) & (tests["end"] == row.end)
    values = tests.loc[same, "p_value"].to_numpy("float64")
    return float(values[0]) if values.size else NAN


def _left_out(result: StudyResult, row: Any) -> Check:
    """Return whether the mean keeps its sign with every event left out."""
    influence = result.influence
    same = (influence["group"] == row.group) & (influence["start"] == row.start)
    means = influence.loc[same & (influence["end"] == row.end), "caar"].to_numpy("float64")
    if not means.size:
        return Check(None, "not checked: leaving one event out")
    kept = bool((np.sign(means) == np.sign(row.caar)).all())
    return Check(kept, "its sign hangs on one event")
