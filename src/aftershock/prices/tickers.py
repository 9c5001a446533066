"""Tickers as Yahoo spells them: one spelling each, the exchange they name, the nearest hint."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from aftershock.errors import PriceError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Yahoo's ticker endings and the exchange each stands for; no ending is New York.
EXCHANGES = {
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

_HONG_KONG_DIGITS = 4  # 5 from 10000 on


def canonical(ticker: str) -> str:
    """Return Yahoo's spelling of a ticker.

    Raises
    ------
    PriceError
        It is empty or holds what no ticker holds.

    Examples
    --------
    >>> canonical("00100.hk"), canonical("^hsi"), canonical(" aapl ")
    ('0100.HK', '^HSI', 'AAPL')
    """
    plain = ticker.strip().upper()
    if not re.fullmatch(r"\^?[A-Z0-9][A-Z0-9.=&_-]*", plain):
        raise PriceError(f"'{ticker}' is no ticker; write it as Yahoo does, such as 0100.HK, ^HSI")
    number = re.fullmatch(r"(\d{1,6})\.HK", plain)
    return f"{int(number[1]):0{_HONG_KONG_DIGITS}d}.HK" if number else plain


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
        ticker.upper().rpartition(".")[2] if "." in ticker else ""
        for ticker in tickers
        if not ticker.startswith("^")
    }
    codes = {EXCHANGES.get(ending, "" if ending else "XNYS") for ending in endings}
    if len(codes) == 1 and "" not in codes:
        return codes.pop()
    raise PriceError(
        f"the exchange of {', '.join(tickers)} cannot be told from the tickers;"
        ' name it, such as calendar="XHKG"'
    )


def exchange_named(ticker: str) -> str | None:
    """Return the exchange calendar a ticker names: by its ending, or as a well-known index.

    Examples
    --------
    >>> exchange_named("0100.HK"), exchange_named("^HSI"), exchange_named("AAPL")
    ('XHKG', 'XHKG', None)
    """
    name, dot, ending = ticker.upper().rpartition(".")
    return EXCHANGES.get(ending) if dot and name else _indices().get(ticker.upper())


@cache
def _indices() -> dict[str, str]:
    """Return the exchange of well-known indices, as Yahoo spells them."""
    table = resources.files("aftershock.prices") / "indices.csv"
    rows = csv.DictReader(table.read_text("utf-8").splitlines())
    return {row["index"]: row["exchange"] for row in rows}


def hint(ticker: str, known: Iterable[str]) -> str:
    """Return `` did you mean ...?`` for a ticker nobody has, empty where nothing is near.

    Parameters
    ----------
    ticker
        As it was asked for.
    known
        Tickers that exist: those in the store, those asked for beside it.
    """
    others = [name for name in known if name != ticker]
    code, dot, ending = ticker.rpartition(".")
    if code.isdigit() and dot and ending not in EXCHANGES:
        turned = [name for name in EXCHANGES if sorted(name) == sorted(ending)]
        guess = turned[0] if turned else nearest(ending, EXCHANGES)
        near: str | None = f"{code}.{guess}" if guess else None
    elif ticker.isdigit():
        near = canonical(f"{ticker}.HK")
    else:
        near = f"^{ticker}" if f"^{ticker}" in others else nearest(ticker, others)
    return f" did you mean {near}?" if near else ""
