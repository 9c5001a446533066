"""What a study found: frames, the conventions behind them, and what to be wary of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from aftershock.tables import read_table, write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes

    from aftershock.locale import Code
    from aftershock.study.cross_section import CrossSection
    from aftershock.study.evidence import Evidence, Strand

FILES = {
    "events": "events.csv",
    "estimates": "estimates.csv",
    "abnormal_returns": "abnormal_returns.csv",
    "car_rows": "car.csv",
    "aar": "aar.csv",
    "caar": "caar.csv",
    "tests": "tests.csv",
    "single": "single.csv",
    "placebo": "placebo.csv",
    "regression": "regression.csv",
    "outcomes": "outcomes.csv",
    "influence": "influence.csv",
    "calendar_time": "calendar_time.csv",
    "attributes": "attributes.csv",
    "depth": "depth.csv",
    "verdict": "verdict.csv",
}


@dataclass(frozen=True, slots=True, eq=False)
class StudyResult:
    """Result of one study; decimals throughout (0.01 is 1 %).

    Attributes
    ----------
    title
        The study's title.
    events
        Every selected event: sessions, status, reason, confounders, notes.
    estimates
        Coefficients and fit of the model, one row per event.
    abnormal_returns
        One row per event and offset, with the cumulated path.
    car_rows
        One row per event, candidate session, window and variant (``row``).
    aar
        Mean abnormal return and its cumulation by offset and group.
    caar
        Mean CAR by window and group with its standard error and the smallest mean that would
        have been seen; median, share positive, mean BHAR and mean abnormal volume.
    tests
        Every test by group and window; one that does not apply has its reason in ``note``.
    single
        Tests of single events: the day's rank (SQ) and placebos, with the floor of each p.
    placebo
        CAR over its standard error where nothing happened, counted in bins, by event and window.
    regression
        All events of each stock in one regression, and the F test of all of them.
    outcomes
        Abnormal volatility and volume.
    influence
        Mean CAR and BMP with each event left out.
    calendar_time
        Alpha of the portfolio that holds every stock inside its event window.
    attributes
        What is known of each event besides its date.
    depth
        Deepest fall after each event, where the study asks for it; a description.
    verdict
        What the study alone says of its question: class, reason, the estimate that speaks.
    conventions
        What was assumed, in words.
    warnings
        What to be wary of, one sentence each.
    is_market_data
        False on a reconstruction: its numbers show the method, not the market.
    strands
        Rings by event and window, for a page of several studies; not saved.
    pooled
        Events in each mean, by group and window; not saved.
    evidence
        The estimates that a page counts; not saved.
    """

    title: str
    events: pd.DataFrame
    estimates: pd.DataFrame
    abnormal_returns: pd.DataFrame
    car_rows: pd.DataFrame
    aar: pd.DataFrame
    caar: pd.DataFrame
    tests: pd.DataFrame
    single: pd.DataFrame
    placebo: pd.DataFrame
    regression: pd.DataFrame
    outcomes: pd.DataFrame
    influence: pd.DataFrame
    calendar_time: pd.DataFrame
    attributes: pd.DataFrame
    depth: pd.DataFrame
    conventions: dict[str, str]
    warnings: tuple[str, ...]
    is_market_data: bool = True
    verdict: pd.DataFrame = field(default_factory=pd.DataFrame)
    strands: Mapping[tuple[str, int, int], Strand] = field(default_factory=dict, repr=False)
    pooled: Mapping[tuple[str, int, int], tuple[str, ...]] = field(default_factory=dict, repr=False)
    evidence: tuple[Evidence, ...] = field(default=(), repr=False)

    @property
    def car(self) -> pd.DataFrame:
        """The default estimates of ``car_rows``."""
        default = self.car_rows[self.car_rows["row"] == "default"]
        return default.drop(columns="row").reset_index(drop=True)

    @property
    def ar(self) -> pd.DataFrame:
        """Abnormal returns, events by offsets."""
        return self._wide("ar")

    @property
    def ar_se(self) -> pd.DataFrame:
        """Standard errors of the abnormal returns, events by offsets."""
        return self._wide("se")

    def _wide(self, column: str) -> pd.DataFrame:
        order = self.abnormal_returns["event"].unique()
        return self.abnormal_returns.pivot_table(
            index="event", columns="offset", values=column, dropna=False
        ).reindex(order)

    def summary(self) -> str:
        """Return title, notice, exclusions, CARs and tests as text."""
        from aftershock.study.text import summarise

        return summarise(self)

    def plot(self, *, event: str | None = None, ax: Axes | None = None, lang: Code = "en") -> Axes:
        """Draw the CAR path of every event, or of one with its 95 % band.

        Parameters
        ----------
        event
            Id of one event; all of them, and their mean, where left out.
        ax
            Axes to draw on.
        lang
            Language of the labels; English where no font has Chinese.
        """
        from aftershock.study.plot import draw_car

        return draw_car(self, event=event, ax=ax, lang=lang)

    def cross_section(
        self, formula: str, *, window: tuple[int, int] = (0, 0), covariance: str = "HC3"
    ) -> CrossSection:
        """Regress CARs on event attributes; see ``study.cross_section.cross_section``.

        Parameters
        ----------
        formula
            Such as ``"car ~ percent + run_up"``.
        window
            Whose CARs.
        covariance
            ``"HC3"`` or ``"cluster:<attribute>"``.
        """
        from aftershock.study.cross_section import cross_section

        return cross_section(self, formula, window=window, covariance=covariance)

    def power(self, event: str, *, window: tuple[int, int] = (0, 0)) -> pd.DataFrame:
        """Return the power curve of one estimate: true effect, chance of seeing it at 5 %.

        Parameters
        ----------
        event
            Id of an event.
        window
            Whose CAR.

        Raises
        ------
        UnknownName
            The study has no such estimate.
        """
        from aftershock.study.power_curve import power_curve

        return power_curve(self, event, window)

    def save(self, folder: str | Path) -> list[Path]:
        """Write every table as CSV and return the files' paths; the folder is made if missing."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, file in FILES.items():
            paths.append(write_table(getattr(self, name), folder / file))
        return paths

    @classmethod
    def read(
        cls,
        folder: str | Path,
        record: Mapping[str, Any],
        *,
        table: Callable[[Path], pd.DataFrame] = read_table,
    ) -> StudyResult:
        """Read a saved result.

        Parameters
        ----------
        folder
            Where ``save`` wrote it.
        record
            Its ``title``, ``conventions``, ``warnings`` and ``is_market_data``, as a run's
            manifest keeps them.
        table
            How one CSV file is read.
        """
        from aftershock.study.verdict import typed

        tables: dict[str, Any] = {name: table(Path(folder) / file) for name, file in FILES.items()}
        tables["verdict"] = typed(tables["verdict"])
        return cls(
            title=record["title"],
            **tables,
            conventions=dict(record["conventions"]),
            warnings=tuple(record["warnings"]),
            is_market_data=record["is_market_data"],
        )

    @property
    def record(self) -> dict[str, Any]:
        """What a run's manifest keeps of the result besides its tables."""
        return {
            "title": self.title,
            "conventions": self.conventions,
            "warnings": list(self.warnings),
            "is_market_data": self.is_market_data,
        }

    def _repr_html_(self) -> str:
        """Return title, notice and estimates for a notebook."""
        from aftershock.study.text import as_html

        return as_html(self)

    def __repr__(self) -> str:
        counts = self.events["status"].value_counts()
        said = ", ".join(f"{count} {status}" for status, count in counts.items())
        return f"<StudyResult '{self.title}': {said or 'no events'}>"
