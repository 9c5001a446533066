"""A study: which events, which model, which windows; ``fit`` turns them into a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from aftershock.errors import StudyError
from aftershock.events.book import EventBook, Selection
from aftershock.prices.panel import check_kind
from aftershock.prices.tickers import canonical
from aftershock.study.models import MarketAdjusted, Model
from aftershock.study.windows import Window, as_window, as_windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.prices.panel import PricePanel, ReturnKind
    from aftershock.prices.returns import ReturnPanel
    from aftershock.study.engine import Engine
    from aftershock.study.result import StudyResult
    from aftershock.study.system import SystemResult

Halts = Literal["missing", "trade_to_trade"]

MIN_OBS = 3
PAIR = 2


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
    halts
        ``"missing"`` leaves a session without a close without a return;
        ``"trade_to_trade"`` bridges it, with the benchmark compounded over the same sessions.
    depth
        Window after the close of day -1 over which the deepest fall is described beside the
        events' attributes; None describes nothing.
    caveats
        What a reader must know about the sample, carried to the result's warnings.

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
    halts: Halts
    depth: Window | None
    caveats: tuple[str, ...]

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
        halts: Halts = "missing",
        depth: tuple[int, int] | None = None,
        caveats: str | Sequence[str] = (),
    ) -> None:
        values: dict[str, Any] = {
            "title": title,
            "events": events,
            "model": model,
            "returns": check_kind(returns),
            "estimation": None if estimation is None else as_window(estimation, "estimation"),
            "window": as_window(window, "window"),
            "cars": as_windows(cars, "cars"),
            "min_obs": min_obs,
            "by": by,
            "contrast": contrast,
            "halts": halts,
            "depth": None if depth is None else as_window(depth, "depth"),
            "caveats": (caveats,) if isinstance(caveats, str) else tuple(caveats),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        _check(self)

    @property
    def bridges_halts(self) -> bool:
        """True where returns run from trade to trade."""
        return self.halts == "trade_to_trade"

    def fit(
        self,
        events: EventBook,
        prices: PricePanel | ReturnPanel,
        *,
        engine: Engine = "auto",
        seed: int = 0,
    ) -> StudyResult:
        """Estimate every selected event and gather the results.

        Parameters
        ----------
        events
            The whole book: other events are needed as confounders.
        prices
            Prices or returns of the stocks and the benchmarks.
        engine
            ``"statsmodels"`` fits one regression per event and is the reference,
            ``"arrays"`` all of them at once; ``"auto"`` takes the arrays for large studies.
        seed
            Seed of the bootstrap and of sampled placebos.

        Returns
        -------
        StudyResult
            Excluded events stand in it with their reason.

        Raises
        ------
        StudyError
            The prices lack a benchmark, or hold another kind of returns; the seed is none.
        UnknownName
            The selection names an event, kind or ticker that the book does not have, or ``by``
            an attribute that no selected event has.
        """
        from aftershock.study.assemble import assemble
        from aftershock.study.run import make_records

        _check_data(events, prices)
        if not isinstance(seed, int) or seed < 0:
            raise StudyError(f"seed is {seed!r}; it is a whole number, 0 or above")
        events = events.on(prices.sessions.calendar)
        records = make_records(self, events, prices, engine)
        return assemble(self, records, events, prices, seed)

    def fit_system(
        self, events: EventBook, prices: PricePanel | ReturnPanel, *, tickers: Sequence[str]
    ) -> SystemResult:
        """Estimate the day-0 parameters of events that several stocks share, in one system.

        Parameters
        ----------
        events, prices
            As in ``fit``.
        tickers
            At least two stocks; an event that one of them did not have is left out.

        Returns
        -------
        SystemResult
            Seemingly unrelated regressions over every session that all the stocks have, with
            the classical covariance; shared events that are not in it stand with the reason.

        Raises
        ------
        StudyError
            Fewer than two tickers, no shared event, a model that is not linear, or linearmodels
            (extra ``models``) is not installed.
        """
        from aftershock.study.system import fit_system

        _check_data(events, prices)
        events = events.on(prices.sessions.calendar)
        names = [canonical(ticker, prices.sessions.calendar) for ticker in tickers]
        return fit_system(self, names, events, prices)


def _check(study: Study) -> None:
    if not isinstance(study.events, Selection):
        raise StudyError("events is not a selection; write events=ash.select(kind=...)")
    if not isinstance(study.model, Model):
        raise StudyError("model is not a model; write model=ash.MarketModel(benchmark=...)")
    for benchmark in study.model.benchmarks:
        if not isinstance(benchmark, str):
            raise StudyError(
                f"the {study.model.label} has {benchmark!r} as benchmark; name one ticker as text,"
                " and several with ash.models.BenchmarksModel"
            )
    _check_options(study)
    _check_windows(study)


def _check_data(events: EventBook, prices: PricePanel | ReturnPanel) -> None:
    if not isinstance(events, EventBook) or not hasattr(prices, "returns"):
        raise StudyError(
            "fit takes an EventBook and a panel, in this order: study.fit(events, prices)"
        )
    calendar = prices.sessions.calendar
    if events.calendar and calendar and events.calendar != calendar:
        raise StudyError(
            f"the events are written for {events.calendar} sessions, the prices have {calendar}'s"
        )


def _check_windows(study: Study) -> None:
    for car in study.cars:
        if car.start < study.window.start or car.end > study.window.end:
            raise StudyError(f"the window {car} of cars reaches beyond window={study.window}")
    if study.depth is not None and study.depth.start != 0:
        raise StudyError(f"depth={study.depth} must start on day 0, at the close of day -1")
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


def _check_options(study: Study) -> None:
    if not isinstance(study.title, str) or not study.title:
        raise StudyError(f"title is {study.title!r}; a study is called something on the page")
    if not isinstance(study.min_obs, int) or study.min_obs < MIN_OBS:
        raise StudyError(f"min_obs is {study.min_obs!r}; at least {MIN_OBS} returns are needed")
    if study.by is not None and not isinstance(study.by, str):
        raise StudyError(f'by is {study.by!r}; write the name of an attribute, such as by="sign"')
    if study.halts not in get_args(Halts):
        raise StudyError(f'halts="{study.halts}" is not known; write "missing" or "trade_to_trade"')
    if study.bridges_halts and not study.model.is_linear:
        raise StudyError(
            'halts="trade_to_trade" weighs each return by its sessions, which the'
            f" {study.model.label} cannot; use a linear model, such as MarketModel"
        )
    if study.contrast is not None:
        _check_contrast(study)


def _check_contrast(study: Study) -> None:
    pair = study.contrast
    texts = isinstance(pair, tuple | list) and all(isinstance(ticker, str) for ticker in pair)
    if not texts or pair is None or len(set(pair)) != PAIR or len(pair) != PAIR:
        raise StudyError(f'contrast is {pair!r}; write two different tickers, such as ("A", "B")')
    if study.bridges_halts:
        raise StudyError(
            'halts="trade_to_trade" bridges one stock and cannot be used in a contrast'
        )


def _check_without_history(study: Study) -> None:
    if not isinstance(study.model, MarketAdjusted):
        raise StudyError(
            f"estimation=None leaves nothing to estimate the {study.model.label} with;"
            " use MarketAdjusted"
        )
