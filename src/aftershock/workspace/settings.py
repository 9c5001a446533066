"""``aftershock.toml``: a workspace's settings, and nothing else."""

from __future__ import annotations

import datetime as dt
import tomllib
from typing import TYPE_CHECKING, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from aftershock.errors import SessionError, WorkspaceError, nearest
from aftershock.overrides import Overrides
from aftershock.prices.tickers import canonical, canonical_keys

Policy = Literal["drop", "keep", "fail"]

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = "aftershock.toml"
DAYS = ("closed", "open", "early_close")  # what Overrides takes


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExchangeSettings(_Strict):
    """Which exchange model, and its parameters."""

    model_config = ConfigDict(frozen=True, extra="allow")

    model: str = "PlainExchange"


class RiskFreeSettings(_Strict):
    """Risk-free rates from a file; see ``prices.rates.RiskFree``."""

    file: str
    column: str | None = None
    per: Literal["year", "session"] = "year"
    percent: bool = False


class Settings(_Strict):
    """Settings of a workspace.

    Attributes
    ----------
    title
        Title of the page.
    calendar
        ISO code of the exchange whose sessions are used.
    benchmark
        Ticker that studies and backtests are compared with.
    benchmarks
        Further ones beside which backtests are shown.
    source
        Price source: ``sample``, ``yahoo``, ``files:DIR``, ``files:FILE`` or the Python file of
        an own source; a relative place counts from the workspace.
    quality
        What to do with bars that a quality check finds: ``keep`` and flag them, ``drop`` or
        ``fail``; or a table from names of checks to one of these, ``default`` for the rest.
    risk_free
        Annual rate, decimal; or a file of rates, as its name or as a table with ``file``,
        ``column``, ``per`` and ``percent``.
    closed, open
        Days the exchange did not trade although its calendar lists them, and sessions that
        it does not list.
    early_close
        Sessions that ended early: date to local time.
    tickers, peers
        Tickers that events happen to, and further ones for comparison; in any spelling, a bare
        number being one of the calendar's exchange.
    exchange
        Exchange model of the backtests and its parameters.
    cash
        Starting cash of the backtests.
    seed
        Seed of everything random.
    language
        Language of the page.
    kinds
        Kinds of events of the workspace's own: name to the further keys they may carry.
    """

    title: str
    calendar: str
    benchmark: str
    benchmarks: tuple[str, ...] = ()
    source: str = "yahoo"
    quality: Policy | dict[str, Policy] = "keep"
    risk_free: float | str | RiskFreeSettings = 0.0
    closed: tuple[dt.date, ...] = ()
    open: tuple[dt.date, ...] = ()
    early_close: dict[dt.date, dt.time] = {}
    tickers: tuple[str, ...] = Field(min_length=1)
    peers: tuple[str, ...] = ()
    exchange: ExchangeSettings = ExchangeSettings()
    cash: float = Field(default=10_000_000, gt=0)
    seed: int = 20260108
    language: Literal["en", "zh"] = "en"
    kinds: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="before")
    @classmethod
    def _check_days(cls, data: Any) -> Any:
        """Read the days of the calendar as written, before anything is converted."""
        try:
            Overrides(**{name: data[name] for name in DAYS if name in data})
        except SessionError as cause:
            raise PydanticCustomError("days", "{cause}", {"cause": str(cause)}) from cause
        return data

    @property
    def overrides(self) -> Overrides:
        """Where the exchange did not keep to its calendar."""
        return Overrides(**{name: getattr(self, name) for name in DAYS})

    @field_validator("benchmark")
    @classmethod
    def _spelled(cls, ticker: str, info: ValidationInfo) -> str:
        return canonical(ticker, info.data.get("calendar"))

    @field_validator("benchmarks", "tickers", "peers")
    @classmethod
    def _each_spelled(cls, tickers: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        names = canonical_keys(tickers, info.data.get("calendar"), "tickers")
        return tuple(names)

    @property
    def all_tickers(self) -> tuple[str, ...]:
        """Tickers, benchmarks and peers, each once."""
        every = (*self.tickers, self.benchmark, *self.benchmarks, *self.peers)
        return tuple(dict.fromkeys(every))


def read_settings(folder: Path) -> Settings:
    """Return the settings of the workspace in ``folder``.

    Raises
    ------
    WorkspaceError
        The file is missing, is not TOML, or has an unknown key or a wrong value.
    """
    path = folder / SETTINGS
    try:
        text = path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as cause:
        raise WorkspaceError(
            f"{folder.resolve()} is no workspace: it has no {SETTINGS};"
            " change into one, name one with --workspace, or make one with 'aftershock init DIR'"
        ) from cause
    except OSError as cause:
        raise WorkspaceError(f"{path} cannot be read: {cause.strerror or cause}") from cause
    except UnicodeDecodeError as cause:
        raise WorkspaceError(f"{path}: {cause}") from cause
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise WorkspaceError(f"{path}: {cause}") from cause
    try:
        return Settings.model_validate(data)
    except ValidationError as cause:
        raise WorkspaceError(f"{path}: {_sentence(cause)}") from cause


def _sentence(cause: ValidationError) -> str:
    errors: list[Any] = list(cause.errors())
    first = min(errors, key=lambda error: error["type"] != "extra_forbidden")
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        close = nearest(name, Settings.model_fields)
        return f"unknown key '{name}'" + (f": did you mean '{close}'?" if close else "")
    if first["type"] == "missing":
        return f"'{name}' is missing"
    return f"{name}: {first['msg']}" if name else str(first["msg"])
