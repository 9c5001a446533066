"""A workspace's content by name: events, studies, strategies, exchange."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aftershock.clock import SYSTEM
from aftershock.content import content_files, load_file
from aftershock.errors import AftershockError, PriceError, WorkspaceError, nearest, unknown
from aftershock.events.book import EventBook, load_events
from aftershock.events.kinds import KINDS, custom_kind
from aftershock.inputs import SETTINGS
from aftershock.prices.rates import RiskFree
from aftershock.prices.sources import load_prices
from aftershock.workspace.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aftershock.backtest.exchanges import Exchange
    from aftershock.clock import Clock
    from aftershock.prices.panel import PricePanel
    from aftershock.study.study import Study

EVENTS, STUDIES, STRATEGIES, RESULTS = "events", "studies", "strategies", "results"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace on disk.

    Attributes
    ----------
    folder
        Where ``aftershock.toml`` is.
    settings
        What it says.
    """

    folder: Path
    settings: Settings

    @classmethod
    def open(cls, folder: str | Path = ".") -> Workspace:
        """Open a workspace; raises WorkspaceError where there is none."""
        folder = Path(folder)
        return cls(folder, read_settings(folder))

    @property
    def results(self) -> Path:
        """The folder of its runs."""
        return self.folder / RESULTS

    @property
    def studies(self) -> dict[str, Path]:
        """Study files by name."""
        return _files(self.folder / STUDIES)

    @property
    def strategies(self) -> dict[str, Path]:
        """Strategy files by name."""
        return _files(self.folder / STRATEGIES)

    def events(self) -> EventBook:
        """Read the events.

        Raises
        ------
        EventError
            A file cannot be right.
        WorkspaceError
            An event is about a ticker that the settings do not list.
        """
        kinds = {**KINDS, **{k: custom_kind(k, v) for k, v in self.settings.kinds.items()}}
        book = load_events(self.folder / EVENTS, calendar=self.settings.calendar, kinds=kinds)
        known = self.settings.all_tickers
        for event in book:
            if event.ticker not in known:
                close = nearest(event.ticker, known)
                hint = f"did you mean {close}?" if close else "add it to the tickers"
                raise WorkspaceError(
                    f"event '{event.id}' is about {event.ticker}, which {SETTINGS} does not list:"
                    f" {hint}"
                )
        return book

    def study(self, name: str) -> Study:
        """Load one study by name."""
        from aftershock.study.study import Study

        if name not in self.studies:
            raise unknown("study", name, self.studies)
        study = getattr(load_file(self.studies[name]), "study", None)
        if not isinstance(study, Study):
            raise WorkspaceError(
                f"{self.studies[name]} defines no study; write study = ash.Study(...)"
            )
        return study

    def strategy(self, name: str) -> Path:
        """Return the file of one strategy."""
        if name not in self.strategies:
            raise unknown("strategy", name, self.strategies)
        return self.strategies[name]

    def exchange(self) -> Exchange:
        """Return the exchange model of the settings.

        Raises
        ------
        WorkspaceError
            No such model, or it has no such parameter.
        """
        from aftershock.backtest import exchanges

        said = self.settings.exchange
        models = {
            name: value
            for name, value in vars(exchanges).items()
            if inspect.isclass(value)
            and issubclass(value, exchanges.Exchange)
            and not inspect.isabstract(value)
        }
        if said.model not in models:
            raise unknown("exchange model", said.model, models)
        parameters = dict(said.model_extra or {})
        if "slippage" in parameters:
            parameters["slippage"] = _slippage(parameters["slippage"])
        if self.borrow_file is not None:
            del parameters["borrow_file"]
            parameters |= self._borrow(self.borrow_file, parameters)
        exchange: Exchange = _build(models[said.model], parameters, "exchange")
        return exchange

    @property
    def borrow_file(self) -> Path | None:
        """The file of borrow terms that the settings name."""
        named = (self.settings.exchange.model_extra or {}).get("borrow_file")
        return None if named is None else self.folder / str(named)

    def _borrow(self, file: Path, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return what a file says of borrowing, where nothing else says it too."""
        from aftershock.backtest.exchanges import read_borrow

        twice = sorted({"borrow_rates", "borrowable"} & parameters.keys())
        if twice:
            raise WorkspaceError(
                f"{SETTINGS}: exchange: borrow_file and {' and '.join(twice)} say the same twice;"
                " leave one of them out"
            )
        try:
            return read_borrow(file)
        except AftershockError as cause:
            raise WorkspaceError(f"{SETTINGS}: exchange: borrow_file: {cause}") from cause

    def source(self, given: str | None) -> str:
        """Return the price source: the one given, or the settings' with its place resolved."""
        if given is not None:
            return given
        spec = self.settings.source
        name, _, rest = spec.partition(":")
        if name == "files" and rest:
            return spec if rest.startswith("~") else f"files:{self.folder / rest}"
        return str(self.folder / spec) if spec.endswith(".py") else spec

    def risk_free(self) -> RiskFree:
        """Return the risk-free rate of the settings."""
        said = self.settings.risk_free
        if isinstance(said, int | float):
            return RiskFree(rate=float(said))
        if isinstance(said, str):
            return RiskFree(file=self.folder / said)
        return RiskFree(
            file=self.folder / said.file, column=said.column, per=said.per, percent=said.percent
        )

    def prices(
        self,
        source: str | None = None,
        *,
        further: Iterable[str] = (),
        offline: bool = False,
        progress: Callable[[str], None] | None = None,
        clock: Clock = SYSTEM,
    ) -> PricePanel:
        """Load the prices of the settings' tickers, as the settings say.

        Parameters
        ----------
        source
            Price source instead of the settings'.
        further
            Tickers besides the settings', such as the benchmarks of studies.
        offline, progress, clock
            As in ``load_prices``.

        Raises
        ------
        PriceError
            Prices or rates are missing or wrong, or a finding's policy is to fail.
        """
        load = partial(
            load_prices,
            source=self.source(source),
            calendar=self.settings.calendar,
            quality=self.settings.quality,
            risk_free=self.risk_free(),
            overrides=self.settings.overrides,
            offline=offline,
            as_of=self.settings.as_of,
            clock=clock,
            progress=progress,
        )
        optional = self.settings.benchmarks
        wanted = [*self.settings.all_tickers, *further]
        try:
            return load(wanted)
        except PriceError as cause:
            needed = [name for name in wanted if name not in optional]
            if len(needed) < len(wanted):
                return load(needed)  # a result says which of the further ones had no prices
            asked = next((name for name in wanted if f"no prices for {name}" in str(cause)), "")
            if asked in self.settings.all_tickers:
                raise PriceError(f"{cause}; {SETTINGS} asks for {asked}") from cause
            raise


def _files(folder: Path) -> dict[str, Path]:
    files = content_files(folder, "*.py")
    return {path.stem: path for path in files if not path.name.startswith("_")}


def _slippage(said: Any) -> Any:
    """Return the slippage model of ``slippage = {model = "HalfSpread", spreads = 0.5}``."""
    from aftershock.backtest import exchanges

    models = {"HalfSpread": exchanges.HalfSpread, "SquareRoot": exchanges.SquareRoot}
    if not isinstance(said, dict) or "model" not in said:
        raise WorkspaceError(
            f"{SETTINGS}: exchange: slippage is {said!r};"
            ' write slippage = {model = "HalfSpread", spreads = 0.5}'
        )
    if said["model"] not in models:
        raise unknown("slippage model", str(said["model"]), models)
    parameters = {name: value for name, value in said.items() if name != "model"}
    return _build(models[said["model"]], parameters, "slippage")


def _build(model: type[Any], parameters: dict[str, Any], what: str) -> Any:
    known = list(inspect.signature(model).parameters)
    for name in parameters:
        if name not in known:
            close = nearest(name, known)
            hint = f": did you mean '{close}'?" if close else f"; it has {', '.join(known)}"
            raise WorkspaceError(f"{SETTINGS}: {what} {model.__name__} has no '{name}'{hint}")
    try:
        return model(**parameters)
    except AftershockError as cause:
        raise WorkspaceError(f"{SETTINGS}: {what}: {cause}") from cause
    except TypeError as cause:
        said = ", ".join(f"{name} = {value!r}" for name, value in parameters.items())
        raise WorkspaceError(
            f"{SETTINGS}: {what}: {said}: one of them has the wrong type ({cause})"
        ) from cause
