"""Price sources by name, and the one way to load a panel from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from aftershock.errors import PriceError, nearest
from aftershock.prices.panel import Origin, PricePanel

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    import pandas as pd

SOURCES = ("sample", "yahoo", "files:DIR")

# Yahoo's ticker endings and the exchange each stands for; no ending is New York.
_EXCHANGES = {
    "HK": "XHKG",
    "L": "XLON",
    "T": "XTKS",
    "SS": "XSHG",
    "SZ": "XSHG",
    "KS": "XKRX",
    "TW": "XTAI",
    "SI": "XSES",
    "AX": "XASX",
    "TO": "XTSE",
    "BO": "XBOM",
    "DE": "XETR",
    "PA": "XPAR",
    "AS": "XAMS",
    "MI": "XMIL",
    "SW": "XSWX",
    "ST": "XSTO",
}


@runtime_checkable
class PriceSource(Protocol):
    """Anything that delivers daily bars by ticker."""

    def daily(
        self, tickers: Sequence[str], start: dt.date | None, end: dt.date | None
    ) -> Mapping[str, pd.DataFrame]:
        """Return one frame of bars per ticker: dates in the index or in ``Date``, and Close.

        ``start`` and ``end`` are included; None leaves the side open.
        """
        ...


def load_prices(
    tickers: Sequence[str],
    *,
    source: str | PriceSource,
    calendar: str | None = None,
    start: dt.date | None = None,
    end: dt.date | None = None,
) -> PricePanel:
    """Load daily bars of several tickers into one panel.

    Parameters
    ----------
    tickers
        Yahoo's spelling: ``0100.HK``, ``^HSI``, ``AAPL``.
    source
        ``"sample"``, ``"yahoo"``, ``"files:DIR"``, or any object with a ``daily`` method.
    calendar
        ISO code of the exchange; taken from the tickers' endings where left out.
    start, end
        First and last session wanted, both included; all the source has where left out.

    Raises
    ------
    PriceError
        The source, a ticker or its prices are missing or wrong.
    """
    if isinstance(tickers, str) or not tickers:
        raise PriceError('load_prices needs a list of tickers, such as ["0100.HK", "^HSI"]')
    wanted = list(dict.fromkeys(tickers))
    provider = open_source(source) if isinstance(source, str) else source
    frames = provider.daily(wanted, start, end)
    missing = [ticker for ticker in wanted if ticker not in frames]
    if missing:
        raise PriceError(f"the source {source} has no prices for {', '.join(missing)}")
    panel = PricePanel.from_frames(
        {ticker: frames[ticker] for ticker in wanted},
        calendar=calendar or exchange_of(wanted),
        origin=origin_of(source, provider),
    )
    return panel.between(start, end)


def open_source(spec: str) -> PriceSource:
    """Return the source a specification names.

    Raises
    ------
    PriceError
        The specification is not one of ``SOURCES``.
    """
    name, _, rest = spec.partition(":")
    if name == "files" and rest:
        from aftershock.prices.files import FileSource

        return FileSource(Path(rest).expanduser())
    if name == "sample" and not rest:
        from aftershock.prices.sample import SampleSource

        return SampleSource()
    if name == "yahoo" and not rest:
        from aftershock.prices.yahoo import YahooSource

        return YahooSource()
    close = nearest(name, ("sample", "yahoo", "files"))
    hint = f" did you mean '{close}'?" if close else ""
    raise PriceError(f"unknown price source '{spec}':{hint} there are {', '.join(SOURCES)}")


def origin_of(source: str | PriceSource, provider: PriceSource) -> Origin:
    """Return what a source says of itself, or that it is plain market data."""
    said: Origin | None = getattr(provider, "origin", None)
    return said or Origin(source if isinstance(source, str) else type(provider).__name__)


def exchange_of(tickers: Sequence[str]) -> str:
    """Return the exchange calendar that the tickers' endings name.

    An index (``^HSI``) has no ending and says nothing; tickers of two exchanges cannot share
    one calendar.

    Raises
    ------
    PriceError
        No ticker says, or they disagree.
    """
    endings = {
        ticker.rpartition(".")[2] if "." in ticker else ""
        for ticker in tickers
        if not ticker.startswith("^")
    }
    codes = {_EXCHANGES.get(ending, "" if ending else "XNYS") for ending in endings}
    if len(codes) == 1 and "" not in codes:
        return codes.pop()
    raise PriceError(
        f"the exchange of {', '.join(tickers)} cannot be told from the tickers;"
        ' name it, such as calendar="XHKG"'
    )
