"""Borrow rates and shares to be had, by ticker and date, from a file."""

from __future__ import annotations

import csv
import datetime as dt
from typing import TYPE_CHECKING, Any

from aftershock.errors import BacktestError
from aftershock.inputs import opened

if TYPE_CHECKING:
    from pathlib import Path

    from aftershock.backtest.exchanges.base import Dated

COLUMNS = ("ticker", "date", "rate", "shares")
_FIELDS = {"rate": "borrow_rates", "shares": "borrowable"}


def read_borrow(path: str | Path) -> dict[str, dict[str, Dated]]:
    """Return ``borrow_rates`` and ``borrowable`` of an exchange from a CSV file.

    ::

        ticker,date,rate,shares
        AAA,2026-06-08,0.35,1000000
        AAA,2026-07-02,0.50,

    A row holds from its date on; an empty cell says nothing. ``ash.HKEX(**read_borrow(file))``.

    Parameters
    ----------
    path
        The file. ``rate`` is a decimal a year (0.35 is 35 %), ``shares`` those that can be
        borrowed in all.

    Raises
    ------
    BacktestError
        The file cannot be read, lacks a column, or a cell is wrong; the message names its line.
    """
    path = opened(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as cause:
        raise BacktestError(f"{path} cannot be read: {cause}") from cause
    by_field: dict[str, dict[str, list[tuple[dt.date, float]]]] = {f: {} for f in _FIELDS.values()}
    for number, row in enumerate(rows, start=2):
        where = f"{path}:{number}"
        ticker, day = _ticker(row, where), _day(row, where)
        for column, field in _FIELDS.items():
            if (row.get(column) or "").strip():
                value = _number(row, column, where)
                by_field[field].setdefault(ticker, []).append((day, value))
    _check(path, rows, by_field)
    return {
        field: {ticker: tuple(sorted(entries)) for ticker, entries in tickers.items()}
        for field, tickers in by_field.items()
    }


def _check(path: Path, rows: list[Any], by_field: dict[str, Any]) -> None:
    if not any(by_field.values()):
        raise BacktestError(
            f"{path} says nothing: write the columns {', '.join(COLUMNS)}, and a rate or shares"
            f" in each of its {len(rows)} rows"
        )
    for tickers in by_field.values():
        for ticker, entries in tickers.items():
            days = [day for day, _ in entries]
            if len(set(days)) < len(days):
                twice = next(day for day in days if days.count(day) > 1)
                raise BacktestError(f"{path} has {ticker} on {twice} twice; leave one out")


def _ticker(row: dict[str, str], where: str) -> str:
    ticker = (row.get("ticker") or "").strip()
    if not ticker:
        raise BacktestError(f"{where} has no ticker; the columns are {', '.join(COLUMNS)}")
    return ticker


def _day(row: dict[str, str], where: str) -> dt.date:
    text = (row.get("date") or "").strip()
    try:
        return dt.date.fromisoformat(text)
    except ValueError as cause:
        raise BacktestError(f"{where}: date is '{text}'; write it as 2026-06-08") from cause


def _number(row: dict[str, str], column: str, where: str) -> float:
    text = row[column].strip()
    try:
        return float(text)
    except ValueError as cause:
        hint = "a decimal a year, 0.35 is 35 %" if column == "rate" else "a number of shares"
        raise BacktestError(f"{where}: {column} is '{text}'; {hint}") from cause
