"""Columns of numbers as people write them: ``$1,234.50``, ``1 861,10``, ``2.37M``, ``(12.3)``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.errors import PriceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aftershock.arrays import FloatArray

VOLUME = "Volume"

_MISSING = {"", "-", "--", "—", "–", "na", "n/a", "#n/a", "nan", "null", "none", "nat", "<na>"}
_CURRENCY = re.compile(r"(?:HK|US|NT|A|C|S)?\$|[€£¥￥₩₹]|HKD|USD|CNY|RMB|EUR|GBP", re.IGNORECASE)
_GAPS = re.compile(r"[\s\u00a0\u2009\u202f'\u2019_]")
_POWERS = {
    "K": 3,
    "M": 6,
    "MN": 6,
    "MIO": 6,
    "B": 9,
    "BN": 9,
    "T": 12,
    "千": 3,
    "万": 4,
    "萬": 4,
    "亿": 8,
    "億": 8,
    "万亿": 12,
    "萬億": 12,
}
_SUFFIX = re.compile(rf"^(.*?)({'|'.join(sorted(_POWERS, key=len, reverse=True))})$", re.IGNORECASE)
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?", re.IGNORECASE)
_MARKED = re.compile(r"[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?")
_INFINITE = re.compile(r"[+-]?INF(?:INITY)?", re.IGNORECASE)
_THREE = 3  # digits between marks of thousands


@dataclass(frozen=True, slots=True)
class _Written:
    """A written number taken apart: what is left are digits, points, commas and an exponent."""

    text: str
    digits: str
    negative: bool
    power: int


def numbers(
    where: str, columns: Mapping[str, pd.Series[Any]]
) -> tuple[dict[str, FloatArray], list[str]]:
    """Return columns as decimals, with a note for every volume that cannot be read.

    Parameters
    ----------
    where
        The ticker or file; named in every message.
    columns
        Column names to numbers or text. Whether a comma parts thousands or decimals is
        decided by all columns together, since they were written by one hand.

    Raises
    ------
    PriceError
        A price is no number; ``1,234`` could be a thousand or a decimal and nothing in
        these columns tells; commas and points are used in both ways.
    """
    out = {
        name: _floats(column)
        for name, column in columns.items()
        if _is_numeric(where, name, column)
    }
    texts = {
        name: [_taken_apart(value) for value in column.astype(object)]
        for name, column in columns.items()
        if name not in out
    }
    if not texts:
        return out, []
    decimal = _decimal_mark(where, texts, decimals_elsewhere=any(map(_has_decimals, out.values())))
    notes: list[str] = []
    for name, written in texts.items():
        out[name], unread = _values(where, name, written, decimal)
        notes += _volume_note(where, written, unread)
    return {name: out[name] for name in columns}, notes


def _is_numeric(where: str, name: str, column: pd.Series[Any]) -> bool:
    """Return whether a column holds numbers already; a truth value is none."""
    if pd.api.types.is_bool_dtype(column):
        raise PriceError(
            f"{where}: the column {name} holds true and false; it needs numbers, or another name"
        )
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column)


def _floats(column: pd.Series[Any]) -> FloatArray:
    """Return numbers as decimals; those that are already are not copied."""
    if column.dtype == np.float64:
        return column.to_numpy()
    return column.to_numpy("float64", na_value=np.nan)


def _has_decimals(values: FloatArray) -> bool:
    finite = values[np.isfinite(values)]
    return bool((finite != np.floor(finite)).any())


def _taken_apart(value: Any) -> _Written | None:
    """Return a number's sign, digits and power of ten, None where the cell is missing."""
    text = "" if value is None or value is pd.NA or value is pd.NaT else str(value).strip()
    if text.lower() in _MISSING:
        return None
    bare = _GAPS.sub("", _CURRENCY.sub("", text)).replace("\u2212", "-")
    negative = bare.startswith("(") and bare.endswith(")")
    bare = bare[1:-1] if negative else bare
    power = 0
    if (match := _SUFFIX.match(bare)) is not None:
        bare, power = match[1], _POWERS[match[2].upper()]
    return _Written(text, bare, negative, power)


def _decimal_mark(
    where: str, texts: Mapping[str, list[_Written | None]], *, decimals_elsewhere: bool
) -> str:
    """Return the mark of decimals: a point, a comma, or nothing where nothing tells.

    Prices tell; volumes are asked where prices do not, and refuse nothing.

    Raises
    ------
    PriceError
        Some prices say a point and others a comma.
    """
    prices = [number for name, written in texts.items() if name != VOLUME for number in written]
    proofs = _proofs(prices)
    if decimals_elsewhere:
        proofs.setdefault(".", "a number beside it")
    if len(proofs) > 1:
        raise PriceError(
            f"{where}: decimals follow a point in one place ({proofs['.']}) and a comma in"
            f" another ({proofs[',']}); write all with a point"
        )
    proofs = proofs or _proofs(texts.get(VOLUME, []))
    return next(iter(proofs)) if len(proofs) == 1 else ""


def _proofs(written: Iterable[_Written | None]) -> dict[str, str]:
    """Return the marks of decimals that numbers show by their form, each with a number."""
    proofs: dict[str, str] = {}
    for number in written:
        mark = "" if number is None else _mark_told(number.digits)
        if number is not None and mark:
            proofs.setdefault(mark, number.text)
    return proofs


def _mark_told(digits: str) -> str:
    """Return which mark a number's own form shows to be that of its decimals, else nothing."""
    if not _MARKED.fullmatch(digits):
        return ""  # a word such as n.v. tells nothing
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return "." if digits.rfind(".") > digits.rfind(",") else ","
    if not points and not commas:
        return ""
    mark, other = (".", ",") if points else (",", ".")
    if max(points, commas) > 1:
        return other  # 1,234,567: the mark parts thousands
    before, _, after = digits.lstrip("+-").partition(mark)
    if len(after) == _THREE and 1 <= len(before) <= _THREE and not before.startswith("0"):
        return ""
    return mark if after.isdigit() or after[:1].isdigit() or not after else ""


def _values(
    where: str, name: str, written: Iterable[_Written | None], decimal: str
) -> tuple[FloatArray, list[int]]:
    """Return one column's values, and the rows of a volume that cannot be read.

    Raises
    ------
    PriceError
        A price that is no number, or that could be two.
    """
    values: list[float] = []
    unread: list[int] = []
    for row, number in enumerate(written):
        if number is None:
            values.append(np.nan)
            continue
        value = _value(where, name, number, decimal)
        if value is None and name != VOLUME:
            raise PriceError(f"{where}: column {name} is not a number: '{number.text}'")
        if value is None:
            unread.append(row)
        values.append(np.nan if value is None else value)
    return np.array(values, dtype=np.float64), unread


def _value(where: str, name: str, number: _Written, decimal: str) -> float | None:
    """Return a written number's value, None where it is no number."""
    if number.power and name != VOLUME:
        return None  # 1.2K is rounded: a volume may be, a price may not
    plain = _with_point(where, name, number, decimal)
    if plain is None:
        return None
    if not _PLAIN.fullmatch(plain):
        return float(plain) if _INFINITE.fullmatch(plain) else None
    # by the decimal text, so that 2.37M is 2370000 and not 2369999.9999999995
    value = float(f"{plain}e{number.power}" if number.power else plain)
    return -value if number.negative else value


def _with_point(where: str, name: str, number: _Written, decimal: str) -> str | None:
    """Return the digits with a point for the decimals and no mark of thousands.

    Raises
    ------
    PriceError
        A price such as 1,234 where nothing tells what the comma is.
    """
    digits = number.digits
    if "," not in digits and decimal != ",":
        return digits
    if not decimal and name != VOLUME:
        raise PriceError(
            f"{where}: {name} '{number.text}' can be {digits.replace(',', '')} or"
            f" {digits.replace(',', '.')}, and no number beside it tells which; write it"
            " with a decimal point and no commas"
        )
    if not decimal and number.power:
        return None
    decimal = decimal or "."  # shares come whole
    thousands = "," if decimal == "." else "."
    if not _grouped(digits.partition(decimal)[0].lstrip("+-"), thousands):
        return None
    return digits.replace(thousands, "").replace(decimal, ".")


def _grouped(whole: str, thousands: str) -> bool:
    """Return whether marks of thousands stand where they can: 1,234,567 or 12,34,567."""
    first, *rest = whole.split(thousands)
    if not rest:
        return True
    return (
        1 <= len(first) <= _THREE
        and len(rest[-1]) == _THREE
        and all(len(group) in (2, _THREE) for group in rest)
    )


def _volume_note(where: str, written: list[_Written | None], unread: list[int]) -> list[str]:
    if not unread:
        return []
    first = written[unread[0]]
    said = f"'{first.text}'" if first is not None else ""
    return [f"{where}: {len(unread)} of {len(written)} volumes cannot be read ({said}): missing"]
