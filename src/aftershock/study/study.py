"""A study: which events, which model, which windows; ``fit`` turns them into a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aftershock.errors import StudyError
from aftershock.events.book import EventBook, Selection
from aftershock.prices.panel import check_kind
from aftershock.study.models import MarketAdjusted, Model
from aftershock.study.windows import Window, as_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.prices.panel import PricePanel, ReturnKind
    from aftershock.prices.returns import ReturnPanel
    from aftershock.study.result import StudyResult

MIN_OBS = 3


@dataclass(frozen=True, slots=True, init=False)
class Study:
    """An event study, described; nothing is fitted before ``fit``.

    Parameters
    ----------
    title
        What the study is called on the page.
    events
        Which events, from ``select``.
    model
        The model of the normal return.
    returns
        ``"simple"`` or ``"log"``; there is no default.
    estimation
        Estimation window in sessions from day 0; None where there is no history, which only
        MarketAdjusted can do without.
    window
        Event window.
    cars
        Windows of cumulated abnormal returns, inside the event window.
    min_obs
        Fewest returns the estimation window may hold; a new listing's window shrinks to what
        exists, and below this the event is excluded.
    by
        An attribute that divides the events into groups, which are never pooled. Events of
        opposite sign are divided in any case.
    contrast
        Two tickers: the study is of the first minus the second, on the events both had.

    Raises
    ------
    StudyError
        Windows that overlap or run backwards, or a model that cannot do without a history.
    """

    title: str
    events: Selection
    model: Model
    returns: ReturnKind
    estimation: Window | None
    window: Window
    cars: tuple[Window, ...]
    min_obs: int
    by: str | None
    contrast: tuple[str, str] | None

    def __init__(
        self,
        *,
        title: str,
        events: Selection,
        model: Model,
        returns: ReturnKind,
        estimation: tuple[int, int] | None,
        window: tuple[int, int],
        cars: Sequence[tuple[int, int]] = ((0, 0),),
        min_obs: int = 30,
        by: str | None = None,
        contrast: tuple[str, str] | None = None,
    ) -> None:
        values: dict[str, Any] = {
            "title": title,
            "events": events,
            "model": model,
            "returns": check_kind(returns),
            "estimation": None if estimation is None else as_window(estimation, "estimation"),
            "window": as_window(window, "window"),
            "cars": tuple(as_window(car, "cars") for car in cars),
            "min_obs": min_obs,
            "by": by,
            "contrast": contrast,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        _check(self)

    def fit(self, events: EventBook, prices: PricePanel | ReturnPanel) -> StudyResult:
        """Estimate every selected event and gather the results.

        Parameters
        ----------
        events
            The whole book: other events are needed as confounders.
        prices
            Prices or returns of the stocks and the benchmarks.

        Returns
        -------
        StudyResult
            Excluded events stand in it with their reason.

        Raises
        ------
        StudyError
            The prices lack a benchmark, or hold another kind of returns.
        UnknownName
            The selection names an event that the book does not have.
        """
        from aftershock.study.run import make_records
        from aftershock.study.tables import assemble

        return assemble(self, make_records(self, events, prices), prices)


def _check(study: Study) -> None:
    if not isinstance(study.events, Selection):
        raise StudyError("events is not a selection; write events=ash.select(kind=...)")
    if not isinstance(study.model, Model):
        raise StudyError("model is not a model; write model=ash.MarketModel(benchmark=...)")
    for car in study.cars:
        if car.start < study.window.start or car.end > study.window.end:
            raise StudyError(f"the window {car} of cars reaches beyond window={study.window}")
    if study.min_obs < MIN_OBS:
        raise StudyError(f"min_obs is {study.min_obs}; at least {MIN_OBS} returns are needed")
    if study.estimation is None:
        _check_without_history(study)
    elif study.estimation.end >= study.window.start:
        raise StudyError(
            f"estimation={study.estimation} overlaps window={study.window}; it must end at"
            f" {study.window.start - 1} or before, or the event would estimate its own norm"
        )
    elif study.estimation.length < study.min_obs:
        raise StudyError(
            f"estimation={study.estimation} holds {study.estimation.length} sessions,"
            f" fewer than min_obs={study.min_obs}"
        )


def _check_without_history(study: Study) -> None:
    if not isinstance(study.model, MarketAdjusted):
        raise StudyError(
            f"estimation=None leaves nothing to estimate the {study.model.label} with;"
            " use MarketAdjusted"
        )
