"""Tickers: one spelling for each, Yahoo's; the exchange they name; the nearest hint."""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
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

# Other names of the same exchanges: Tushare and Wind, JoinQuant, Stooq; no ending is New York.
_ENDINGS = {
    "SH": "SS",
    "XSHG": "SS",
    "XSHE": "SZ",
    "XHKG": "HK",
    "HKG": "HK",
    "HKEX": "HK",
    "SEHK": "HK",
    "US": "",
}
# Google's and TradingView's prefixes; TSE is Toronto there and Tokyo here, and is left alone.
_PREFIXES = {
    "HKG": "HK",
    "HKEX": "HK",
    "SEHK": "HK",
    "HK": "HK",
    "SHA": "SS",
    "SSE": "SS",
    "SH": "SS",
    "SHE": "SZ",
    "SZSE": "SZ",
    "SZ": "SZ",
    "TYO": "T",
    "LON": "L",
    "LSE": "L",
    "ETR": "DE",
    "XETR": "DE",
    "EPA": "PA",
    "ASX": "AX",
    "KRX": "KS",
    "TPE": "TW",
    "TWSE": "TW",
    "SGX": "SI",
    "NASDAQ": "",
    "NYSE": "",
    "NYSEARCA": "",
    "AMEX": "",
}
# Bloomberg's exchange codes before "Equity".
_BLOOMBERG = {
    "HK": "HK",
    "US": "",
    "UN": "",
    "UW": "",
    "LN": "L",
    "JP": "T",
    "JT": "T",
    "CG": "SS",
    "C1": "SS",
    "CS": "SZ",
    "C2": "SZ",
    "KS": "KS",
    "TT": "TW",
    "SP": "SI",
    "AU": "AX",
    "AT": "AX",
    "CN": "TO",
    "CT": "TO",
    "GR": "DE",
    "GY": "DE",
    "FP": "PA",
    "NA": "AS",
    "IM": "MI",
    "SE": "SW",
    "SW": "SW",
    "SS": "ST",
}
_DIGITS = {"HK": 4, "SS": 6, "SZ": 6, "KS": 6}  # zeros in front fill a number up to this length

_CODE = r"(?P<code>[A-Z0-9][A-Z0-9-]*)"
_NUMBER = r"(?P<code>\d+)"
_ALL_ENDINGS = {**{ending: ending for ending in EXCHANGES}, **_ENDINGS}
# How a ticker that names its exchange is written, and Yahoo's ending of each exchange's name.
_FORMS = tuple(
    (re.compile(form), places)
    for form, places in (
        (rf"{_CODE}\.(?P<place>[A-Z]+)", _ALL_ENDINGS),  # 0100.HK, 600519.SH
        (r"(?P<place>HK)\.?(?P<code>\d{5})", _PREFIXES),  # HK.00100, hk00100
        (r"(?P<place>SH|SZ)\.?(?P<code>\d{6})", _PREFIXES),  # sh600519
        (rf"(?P<place>[A-Z]+):{_CODE}", _PREFIXES),  # HKG:0100, NASDAQ:AAPL
        (rf"{_NUMBER}:(?P<place>[A-Z]+)", _ALL_ENDINGS),  # 100:HKG
        (r"(?P<code>[A-Z0-9-]+(?:/[A-Z])?) (?P<place>[A-Z][A-Z0-9]) EQUITY", _BLOOMBERG),
        (rf"{_NUMBER} (?P<place>HK|JP|JT|KS|TT|CG|CS)", _BLOOMBERG),  # 100 HK
    )
)
_INDEX = re.compile(r"\^[A-Z0-9.-]+")
# Numbers that are tickers of an exchange where it is known: their form, and Yahoo's ending.
_BARE = {
    "XHKG": ((re.compile(r"(?!0+$)\d{1,5}"), "HK"),),
    "XSHG": ((re.compile(r"[69]\d{5}"), "SS"), (re.compile(r"[023]\d{5}"), "SZ")),
    "XTKS": ((re.compile(r"\d{4}"), "T"),),
}


@lru_cache(maxsize=2**16)
def canonical(ticker: str, exchange: str | None = None) -> str:
    """Return the one spelling of a ticker: Yahoo's, where it says which exchange it is of.

    Parameters
    ----------
    ticker
        ``00100.HK``, ``100 HK Equity``, ``HKG:0100``, ``HK.00100``, ``sh600519``; any other
        name is returned as it is, in its own case.
    exchange
        ISO code of the exchange, where it is known: there a bare ``100`` is ``0100.HK``.

    Examples
    --------
    >>> canonical("00100.hk"), canonical("HKG:0100"), canonical("^hsi"), canonical("stock 1")
    ('0100.HK', '0100.HK', '^HSI', 'stock 1')
    >>> canonical("100"), canonical("100", "XHKG")
    ('100', '0100.HK')
    """
    plain = str(ticker).strip()
    code, ending = _parts(plain.upper(), exchange)
    if code is None:
        return plain
    if code.isdigit():
        code = f"{int(code):0{_DIGITS.get(ending, len(code))}d}"
    return f"{code}.{ending}" if ending else code


def yahoo_symbol(ticker: str) -> str:
    """Return what Yahoo is asked for.

    Raises
    ------
    PriceError
        It is empty or holds what no ticker holds.

    Examples
    --------
    >>> yahoo_symbol("00100.hk"), yahoo_symbol(" aapl ")
    ('0100.HK', 'AAPL')
    """
    plain = canonical(ticker).upper()
    if not re.fullmatch(r"\^?[A-Z0-9][A-Z0-9.=&_-]*", plain):
        raise PriceError(f"'{ticker}' is no ticker; write it as Yahoo does, such as 0100.HK, ^HSI")
    return plain


def canonical_keys(tickers: Iterable[str], exchange: str | None, what: str) -> dict[str, str]:
    """Return each name under the ticker it stands for.

    Parameters
    ----------
    tickers
        The names as they are written.
    exchange
        As in ``canonical``.
    what
        What has these names, plural, for the message: ``"columns"``, ``"files"``.

    Raises
    ------
    PriceError
        Two names are one ticker.
    """
    names: dict[str, str] = {}
    for name in tickers:
        ticker = canonical(name, exchange)
        if ticker in names:
            raise PriceError(
                f"the {what} '{names[ticker]}' and '{name}' are both {ticker}; keep one of them"
            )
        names[ticker] = name
    return names


def _parts(plain: str, exchange: str | None) -> tuple[str | None, str]:
    """Return a ticker's code and Yahoo's ending; no code where it names no exchange."""
    for form, places in _FORMS:
        if (match := form.fullmatch(plain)) and match["place"] in places:
            return match["code"].replace("/", "-"), places[match["place"]]
    if _INDEX.fullmatch(plain):
        return plain, ""
    for form, ending in _BARE.get(exchange or "", ()):
        if form.fullmatch(plain):
            return plain, ending
    return None, ""


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
        near = canonical(ticker, "XHKG")
    else:
        near = f"^{ticker}" if f"^{ticker}" in others else nearest(ticker, others)
    return f" did you mean {near}?" if near else ""
