"""What events weigh in a mean: an attribute, market value, or the precision of their CARs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aftershock.errors import StudyError, unknown
from aftershock.prices.actions import later_splits
from aftershock.prices.comparisons import main_currency
from aftershock.prices.panel import PricePanel
from aftershock.study.outcomes import shares_in_issue
from aftershock.study.study import MARKET_VALUE, PRECISION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aftershock.arrays import FloatArray
    from aftershock.events.book import EventBook
    from aftershock.prices.returns import ReturnPanel
    from aftershock.study.run import Record
    from aftershock.study.study import Study

NEEDS = (
    "every event of a mean needs a number above 0; leave them out of the selection, or weigh by"
    " another attribute"
)


def event_weights(
    study: Study,
    records: Sequence[Record],
    attributes: pd.DataFrame,
    prices: PricePanel | ReturnPanel,
    book: EventBook,
) -> dict[str, float] | None:
    """Return the weight of every pooled event; None where none is asked for by event.

    Raises
    ------
    UnknownName
        No event has the attribute.
    StudyError
        A weight is missing, no number, 0 or negative, or market values are in several
        currencies.
    """
    if study.weights is None or study.weights == PRECISION:
        return None
    pooled = [record for record in records if record.pooled]
    if study.weights == MARKET_VALUE:
        values = _market_values(pooled, prices, book)
    else:
        values = _attribute(study.weights, pooled, attributes)
    wrong = [_wrong(name, value) for name, value in values.items() if not 0 < value < np.inf]
    if wrong:
        raise StudyError(f'weights="{study.weights}": {", ".join(wrong)}; {NEEDS}')
    return values


def _wrong(name: str, value: float) -> str:
    return f"{name} has none" if np.isnan(value) else f"{name} has {value:g}"


def _attribute(name: str, records: Sequence[Record], attributes: pd.DataFrame) -> dict[str, float]:
    if name not in attributes.columns:
        numeric = attributes.select_dtypes("number").columns
        raise unknown("weight", name, [PRECISION, MARKET_VALUE, *map(str, numeric)])
    column = pd.to_numeric(attributes.set_index("event")[name], errors="coerce")
    return {record.unit.id: float(column.loc[record.unit.id]) for record in records}


def _market_values(
    records: Sequence[Record], prices: PricePanel | ReturnPanel, book: EventBook
) -> dict[str, float]:
    """Return the value of all shares at the close of day -1, by event."""
    if not isinstance(prices, PricePanel):
        raise StudyError('weights="market_value" needs prices, and the panel holds returns')
    tickers = {record.unit.event.ticker for record in records}
    named = {main_currency(prices.currency_of(ticker)) for ticker in tickers} - {""}
    if len(named) > 1:
        raise StudyError(
            f'weights="market_value": the stocks are quoted in {" and ".join(sorted(named))}, whose'
            " values do not compare; select stocks of one currency"
        )
    return {record.unit.id: _market_value(record, prices, book) for record in records}


def _market_value(record: Record, prices: PricePanel, book: EventBook) -> float:
    ticker, row = record.unit.event.ticker, record.row
    company = book.companies.get(ticker)
    if company is None or row < 1:
        return float("nan")
    column = prices.column(ticker)
    count = shares_in_issue(prices, ticker, company)[row - 1]
    return float(
        prices.close[row - 1, column] * count / later_splits(prices.split[:, column])[row - 1]
    )


def weigh(
    study: Study, names: Sequence[str], se: FloatArray, weights: Mapping[str, float] | None
) -> FloatArray | None:
    """Return the weights of N events, shape (N,); None where none are asked for.

    Parameters
    ----------
    study
        Which says by what.
    names
        Ids of the events.
    se : ndarray, shape (N,)
        Standard errors of their CARs.
    weights
        From ``event_weights``.
    """
    if study.weights == PRECISION:
        return 1.0 / se**2
    return None if weights is None else np.array([weights[name] for name in names])
