"""Companies: share counts, floats, board lots, and what is known about shorting them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from aftershock.events.kinds import Percent, Strict, spelled_ticker

if TYPE_CHECKING:
    from aftershock.events.reader import Document


class ShareCount(Strict):
    """Shares in issue from a date on."""

    date: dt.date
    total: int = Field(gt=0)
    source: str = ""
    note: str = ""


class Float(Strict):
    """Freely traded shares from a date on, on one basis of counting.

    Attributes
    ----------
    basis
        ``reported`` as the source prints it, or ``one_base`` on the share count that the
        unlocks are counted on too.
    percent
        Percent of ``total`` shares; ``shares`` where the number itself is known.
    """

    date: dt.date
    basis: str = Field(pattern="^(reported|one_base)$")
    percent: Percent | None = None
    shares: int | None = Field(default=None, gt=0)
    total: int | None = Field(default=None, gt=0)
    source: str = ""
    note: str = ""


class Shortable(Strict):
    """From when a stock could be sold short, and how that is known."""

    date: dt.date
    inferred: str = ""
    source: str = ""


class Lot(Strict):
    """Board lot from a date on."""

    date: dt.date
    shares: int = Field(gt=0)


class Company(Strict):
    """One listed company.

    Attributes
    ----------
    ticker, name, local_name
        The listing, and the name in English and in the company's own language.
    listed, offer_price, lot
        First session, offer price and board lot: one, or by date, the first from any day on.
    shares, floats
        Share counts and floats by date.
    shortable_from
        First day a short sale is admissible; None where nothing is known.
    discrepancies
        Figures of the sources that do not agree, one sentence each.
    """

    ticker: str = Field(min_length=1)
    name: str
    local_name: str = ""
    business: str = ""
    legal_form: str = ""
    listed: dt.date | None = None
    offer_price: float | None = Field(default=None, gt=0)
    lot: int | tuple[Lot, ...] | None = None
    shares: tuple[ShareCount, ...] = ()
    floats: tuple[Float, ...] = ()
    shortable_from: Shortable | None = None
    discrepancies: tuple[str, ...] = ()
    source: str = ""

    @field_validator("lot")
    @classmethod
    def _whole(cls, lot: Any) -> Any:
        if lot is None or (isinstance(lot, int) and lot > 0):
            return lot
        dates = [entry.date for entry in lot] if isinstance(lot, tuple) else []
        if not dates or dates != sorted(set(dates)):
            raise ValueError(
                "a lot is a whole number of shares above 0, or a list of {date: ..., shares: ...}"
                " whose dates ascend"
            )
        return lot

    def lots(self) -> tuple[tuple[dt.date, float], ...]:
        """Return the board lots by date; empty where none is known."""
        if self.lot is None:
            return ()
        if isinstance(self.lot, int):
            return ((dt.date.min, float(self.lot)),)
        return tuple((entry.date, float(entry.shares)) for entry in self.lot)

    @field_validator("ticker", mode="before")
    @classmethod
    def _spelled(cls, ticker: Any, info: ValidationInfo) -> Any:
        return spelled_ticker(ticker, (info.context or {}).get("exchange"))

    @field_validator("shares", "floats")
    @classmethod
    def _ascending(cls, entries: tuple[Any, ...]) -> tuple[Any, ...]:
        dates = [entry.date for entry in entries]
        if dates != sorted(dates):
            raise ValueError("dates must ascend")
        return entries


def read_companies(document: Document, exchange: str | None = None) -> dict[str, Company]:
    """Return the companies of one file by ticker; ``exchange`` is that of bare numbers.

    Raises
    ------
    EventError
        The file is no list of companies, a ticker stands twice, or a value is wrong.
    """
    if not isinstance(document.data, list):
        raise document.error((), "a company file is a list; start each company with '- ticker:'")
    companies: dict[str, Company] = {}
    for at, record in enumerate(document.data):
        if not isinstance(record, dict):
            raise document.error((at,), "a company is a mapping that starts with '- ticker:'")
        who = f"company '{record.get('ticker', '?')}'"
        try:
            company = Company.model_validate(record, context={"exchange": exchange})
        except ValidationError as cause:
            raise document.invalid((at,), who, cause, Company) from cause
        if company.ticker in companies:
            raise document.error((at, "ticker"), f"{who} stands twice")
        companies[company.ticker] = company
    return companies
