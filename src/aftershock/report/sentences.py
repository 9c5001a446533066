"""What came out, in sentences made from the numbers and never stronger than they are.

On a reconstruction no sentence says anything of a return: it counts what was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from aftershock.report.cells import Cell, joined
from aftershock.report.mark import mark

if TYPE_CHECKING:
    from aftershock.report.cells import Folder
    from aftershock.report.words import Language

LEVEL = 0.05
FEW = 2  # events told one by one; more are told by their mean
ENOUGH = 3  # events that a mean is told of
GROUP_TESTS = ("BMP", "placebo, jointly")


def study_sentence(folder: Folder, where: str, market: bool, lang: Language) -> Markup:
    """Return what a study came to, with its uncertainty.

    Parameters
    ----------
    folder
        The run.
    where
        The study's folder inside it.
    market
        Whether the prices are market data; if not, no result is told.
    lang
        Language.
    """
    events = folder.sheet(f"{where}/events.csv")
    if not len(events):
        return lang.h("No event was selected.")
    studied = events.count("status != 'excluded'")
    every = events.count("id != ''")
    if not int(studied):
        return lang.numbered(
            "The only event could not be studied; the reason stands below.",
            "None of {n} events could be studied; the reasons stand below.", every,
        )  # fmt: skip
    counted = lang.numbered(
        "{studied} of {n} event studied.",
        "{studied} of {n} events studied.",
        every,
        studied=studied,
    )
    if not market:
        return counted
    estimates = _Estimates(folder, where, lang)
    groups = estimates.groups()
    if groups:
        parts = [*(estimates.mean(group) for group in groups), estimates.tally()]
    else:
        parts = [estimates.event(i) for i in estimates.told()[:FEW]]
        left = len(estimates.told()) - FEW
        if left > 0:
            parts.append(estimates.tally())
    return Markup(" ").join(
        Markup('<span class="line">{}</span>').format(p) for p in (counted, *parts) if p
    )


class _Estimates:
    """The CARs of one study over the window its sentence is about: day 0, or the first one."""

    def __init__(self, folder: Folder, where: str, lang: Language) -> None:
        self.lang = lang
        self.car = folder.sheet(f"{where}/car.csv")
        self.events = folder.sheet(f"{where}/events.csv")
        self.tests = folder.sheet(f"{where}/tests.csv")
        self.aar = folder.sheet(f"{where}/aar.csv")
        self.at = {str(name): i for i, name in enumerate(self.events.columns["id"])}
        keys = ["event", "session", "start", "end", "row"]
        rows = self.car.frame[keys].itertuples(index=False, name=None) if len(self.car) else ()
        self.rows = {(e, _key(s), a, b, r): i for i, (e, s, a, b, r) in enumerate(rows)}
        windows = [(a, b) for _, _, a, b, r in self.rows if r == "default"]
        self.window = (0, 0) if (0, 0) in windows else next(iter(windows), None)

    def told(self) -> list[int]:
        """Return the default rows of the window, first candidate sessions only, in file order."""
        return [
            i
            for (event, session, start, end, row), i in self.rows.items()
            if row == "default" and (start, end) == self.window
            and session in {"", _key(self.events.value(self.at[event], "session"))}
        ]  # fmt: skip

    def groups(self) -> list[str]:
        """Return the groups that a test of the mean was made for."""
        if not len(self.tests) or self.window is None:
            return []
        known = self.tests.frame[self.tests.frame["p_value"].notna()]
        inside = (known["start"] == self.window[0]) & (known["end"] == self.window[1])
        enough = known["n"] >= ENOUGH
        return list(
            dict.fromkeys(known.loc[inside & enough & known["test"].isin(GROUP_TESTS), "group"])
        )

    def mean(self, group: str) -> Markup:
        """Return the mean of a group with its tests."""
        found = [i for test in GROUP_TESTS if (i := self._test(group, test)) is not None]
        values = [self.tests.value(i, "p_value") for i in found]
        tests = joined(
            [
                self.lang.h(
                    "{test} p = {p}", test=self.tests.cell(i, "test", "phrase", self.lang),
                    p=self.tests.cell(i, "p_value", "p", self.lang),
                )
                for i in found
            ],
            self.lang.t(", "),
        )  # fmt: skip
        n = self.tests.cell(found[0], "n", "count", self.lang)
        which = self.lang.phrase(group)
        lead = self._mean_lead(group, n, which)
        said = [tests, _verdict(values, self.lang), *self._windows(group, found[0], values)]
        return lead + joined(said, self.lang.t("; ")) + stop(self.lang)

    def _windows(self, group: str, i: int, values: list[float]) -> list[Markup]:
        """Say how many windows were tried where the one told of has a small p-value."""
        tried = self.tests.count(f"group == {group!r} and test == {self.tests.value(i, 'test')!r}")
        if int(tried) == 1 or not any(value < LEVEL for value in values):
            return []
        return [self.lang.h("one of {n} windows, and not corrected for their number", n=tried)]

    def _mean_lead(self, group: str, n: Cell, which: str) -> Markup:
        if self.window == (0, 0):
            columns = self.aar.columns
            for i, (name, offset) in enumerate(
                zip(columns["group"], columns["offset"], strict=True)
            ):
                if name == group and offset == 0:
                    aar = self.aar.cell(i, "aar", "percent1", self.lang)
                    return self.lang.h(
                        "Mean abnormal return of {n} events ({which}) on day 0: {aar}; ",
                        n=n, which=which, aar=aar,
                    )  # fmt: skip
        return self.lang.h(
            "Mean of {n} events ({which}) {window}: ", n=n, which=which, window=self._span()
        )

    def tally(self) -> Markup:
        """Return how many single estimates have a small p-value, before and after correction."""
        family = "row == 'default' and p_holm == p_holm"
        if not int(self.car.count(family)):
            return Markup("")
        return self.lang.numbered(
            "p is below 5 % in {raw} of {n} single estimate, in {holm} after Holm's correction.",
            "p is below 5 % in {raw} of {n} single estimates, in {holm} after Holm's correction.",
            self.car.count(family), raw=self.car.count(f"{family} and p_value < {LEVEL}"),
            holm=self.car.count(f"{family} and p_holm < {LEVEL}"),
        )  # fmt: skip

    def event(self, i: int) -> Markup:
        """Return one event's estimate with all that weakens it."""
        at = self.at[str(self.car.value(i, "event"))]
        title = self.events.value(at, "title") or self.events.value(at, "id")
        car = self.car.cell(i, "car", "percent1", self.lang)
        span = self._span() if not pd.isna(self.car.value(i, "session")) else self._days(i)
        head = self.lang.h("{title}: {car} {window}", title=title, car=car, window=span)
        clauses = [head, *self._uncertainty(i), *self._other_day(at), *self._company(at)]
        return joined(clauses, self.lang.t("; ")) + stop(self.lang)

    def _uncertainty(self, i: int) -> list[Markup]:
        p, h = self.car.value(i, "p_value"), self.lang.h
        if pd.isna(p):
            return [h("nothing is estimated, so there is no test")]
        said = [
            h("t = {t}, p = {p}", t=self._cell(i, "t", "number"), p=self._cell(i, "p_value", "p"))
        ]
        holm = self.car.value(i, "p_holm")
        if p >= LEVEL:
            said.append(h("not distinguishable from zero at 5 %"))
        elif pd.isna(holm) or holm >= LEVEL:
            shown = self._cell(i, "p_holm", "p")
            said.append(
                h("p = {p} after Holm's correction for all estimates of the study", p=shown)
            )
        else:
            said.append(
                h("below 5 % after Holm's correction too, p = {p}", p=self._cell(i, "p_holm", "p"))
            )
        if self.car.value(i, "robust") == "false":
            said.append(self._fragile(i))
        if not pd.isna(self.car.value(i, "detectable")):
            least = self._cell(i, "detectable", "share1")
            said.append(
                h(
                    "a true move below {least} had less than an 80 % chance of being seen",
                    least=least,
                )
            )
        return said

    def _fragile(self, i: int) -> Markup:
        words = {
            "alpha0": mark("p = {p} with alpha at 0"),
            "masked": mark("p = {p} without other events' sessions"),
        }
        event, start, end = (self.car.value(i, name) for name in ("event", "start", "end"))
        session = _key(self.car.value(i, "session"))
        rows = {row: self.rows.get((event, session, start, end, row)) for row in words}
        parts = [
            self.lang.h(words[row], p=self._cell(at, "p_value", "p"))
            for row, at in rows.items()
            if at is not None
        ]
        return self.lang.h("not robust: {rows}", rows=joined(parts, self.lang.t(", ")))

    def _other_day(self, at: int) -> list[Markup]:
        """Return the estimate from the other candidate session, where the hour is unknown."""
        other = _key(self.events.value(at, "session_alt"))
        event = self.events.value(at, "id")
        window = self.window or (0, 0)
        i = self.rows.get((event, other, *window, "default")) if other else None
        if i is None:
            return []
        return [
            self.lang.h(
                "its hour is unknown, and counted from {day} it is {car}, p = {p}",
                day=self._cell(i, "session", "day"), car=self._cell(i, "car", "percent1"),
                p=self._cell(i, "p_value", "p"),
            )
        ]  # fmt: skip

    def _company(self, at: int) -> list[Markup]:
        if not self.events.value(at, "confounders"):
            return []
        return [self.lang.h("other events fall into its window")]

    def _span(self) -> Markup:
        start, end = self.window or (0, 0)
        if (start, end) == (0, 0):
            return self.lang.h("on day 0")
        return self.lang.h("over sessions {start} to {end}", start=f"{start:g}", end=f"{end:g}")

    def _days(self, i: int) -> Markup:
        """Return the days that the CAR of an event without a certain day is over."""
        first, last = (self._cell(i, name, "day") for name in ("first", "last"))
        return self.lang.h("from {first} to {last}, its day being unknown", first=first, last=last)

    def _test(self, group: str, test: str) -> int | None:
        columns = self.tests.columns
        wanted = (group, *(self.window or (0, 0)), test)
        keys = zip(*(columns[name] for name in ("group", "start", "end", "test")), strict=True)
        for i, key in enumerate(keys):
            if key == wanted and not pd.isna(columns["p_value"][i]):
                return i
        return None

    def _cell(self, i: int, column: str, kind: str) -> Cell:
        return self.car.cell(i, column, kind, self.lang)


def _verdict(values: list[float], lang: Language) -> Markup:
    small = [value < LEVEL for value in values]
    if all(small):
        return lang.h("distinguishable from zero at 5 %")
    if any(small):
        return lang.h("the tests disagree at 5 %")
    return lang.h("not distinguishable from zero at 5 %")


def stop(lang: Language) -> Markup:
    """Return the end of a sentence."""
    return lang.h(".")


def _key(session: Any) -> str:
    return "" if session is None or pd.isna(session) else f"{session:%Y-%m-%d}"
