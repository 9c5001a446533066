"""Currencies of stocks and benchmarks: which are one, and what to say where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aftershock.prices.panel import PricePanel

# Quotations in hundredths: a return does not see the difference.
_HUNDREDTHS = {"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ZAC": "ZAR", "ILA": "ILS"}


def main_currency(quoted: str) -> str:
    """Return the currency of a quotation, pence being pounds; empty where it is not known."""
    return _HUNDREDTHS.get(quoted, quoted)


def clashes(panel: PricePanel, tickers: Iterable[str], benchmarks: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for every stock that is quoted in another currency than a benchmark.

    A ticker whose source does not name its currency is taken to agree.
    """
    others = [name for name in dict.fromkeys(benchmarks) if name in panel.tickers]
    for ticker in dict.fromkeys(tickers):
        if ticker not in panel.tickers:
            continue
        own = panel.currency_of(ticker)
        for benchmark in others:
            other = panel.currency_of(benchmark)
            if own and other and main_currency(own) != main_currency(other):
                yield (
                    f"{ticker} is quoted in {own} and {benchmark} in {other}: their returns also"
                    " differ by the exchange rate"
                )
