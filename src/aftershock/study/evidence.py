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
    from collections.abc import Iterator

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
    return (*_singles(result), *_means(result))


def _singles(result: StudyResult) -> Iterator[Evidence]:
    events = result.events.set_index("id")
    row: Any
    for row in counted(result).itertuples():
        event = events.loc[row.event]
        length = _length(result, row)
        checks = (
            *_robustness(result, row),
            *_placebo(result, row),
            *_wilder(result, row, length),
            Check(event["chosen"] != "after", "picked afterwards"),
        )
        strand = result.strands.get((row.event, row.start, row.end))
        yield Evidence(
            study=result.title,
            group=str(event["group"]),
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
            placebo_p=_ring_value(result, row, "p_value"),
            strands=() if strand is None else (strand,),
            checks=checks,
            chosen=str(event["chosen"]),
            shares=tuple(_inside(str(event["confounders"]), int(row.start), int(row.end))),
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


def _length(result: StudyResult, row: Any) -> int:
    """Return the sessions of a CAR's window."""
    strand = result.strands.get((row.event, row.start, row.end))
    return strand.length if strand is not None else int(row.end - row.start + 1)


def _robustness(result: StudyResult, row: Any) -> Iterator[Check]:
    """Yield whether p stays on its side with alpha = 0 and with other events left out."""
    rows = result.car_rows
    same = (rows["event"] == row.event) & (rows["start"] == row.start) & (rows["end"] == row.end)
    for name, words in ROWS.items():
        p = rows.loc[same & (rows["row"] == name), "p_value"].to_numpy()
        if not p.size or not np.isfinite(p[0]):
            yield Check(None, f"not checked: {words}")
        else:
            yield Check(bool(p[0] < LEVEL), f"{words} (p = {p[0]:.3f})")


def _placebo(result: StudyResult, row: Any) -> Iterator[Check]:
    p, floor = (_ring_value(result, row, name) for name in ("p_value", "one_day_floor"))
    if not np.isfinite(p):
        yield Check(None, "not checked: placebo")
    elif floor > LEVEL:
        yield Check(None, f"not checked: a move of one day cannot reach 5 % (L/n = {floor:.3f})")
    else:
        yield Check(p <= LEVEL, f"placebo p = {p:.3f}")


def _wilder(result: StudyResult, row: Any, length: int) -> Iterator[Check]:
    if length > 1:
        return
    multiple = _ring_value(result, row, "breakdown")
    if not np.isfinite(multiple):
        yield Check(None, "not checked: a wilder day")
    else:
        yield Check(multiple >= ROBUST, f"a wilder day (variance x {multiple:.1f})")


def _ring_value(result: StudyResult, row: Any, column: str) -> float:
    single = result.single
    same = (single["event"] == row.event) & (single["test"] == DECIDES)
    same &= (single["start"] == row.start) & (single["end"] == row.end)
    values = single.loc[same, column].to_numpy("float64")
    return float(values[0]) if values.size else NAN


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
