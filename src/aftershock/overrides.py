"""Days on which an exchange did not keep to its listed calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aftershock.errors import SessionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, init=False)
class Overrides:
    """Days on which an exchange did not keep to its listed calendar.

    Attributes
    ----------
    closed
        Listed sessions without any trading, ascending.
    open
        Sessions that are not listed, such as a make-up session at a weekend, ascending.
    early_close
        Sessions that ended early, ascending, each with its local time.
    """

    closed: tuple[dt.date, ...]
    open: tuple[dt.date, ...]
    early_close: tuple[tuple[dt.date, dt.time], ...]

    def __init__(
        self,
        *,
        closed: Iterable[dt.date | str] = (),
        open: Iterable[dt.date | str] = (),  # noqa: A002 - the setting's name
        early_close: Mapping[dt.date | str, dt.time | str] | None = None,
    ) -> None:
        """Read the days and times.

        Parameters
        ----------
        closed, open
            Dates, or text such as ``"2026-09-23"``.
        early_close
            Date to local time, such as ``{"2026-09-23": "14:00"}``.

        Raises
        ------
        SessionError
            Something is no day or no time, or a day is said to be two things at once.
        """
        object.__setattr__(self, "closed", _days(closed, "closed"))
        object.__setattr__(self, "open", _days(open, "open"))
        object.__setattr__(self, "early_close", _times(early_close))
        for name, days in (("open", self.open), ("early_close", dict(self.early_close))):
            for day in set(self.closed) & set(days):
                raise SessionError(f"{day} stands in closed and in {name}; it can be one of them")

    @property
    def days(self) -> tuple[dt.date, ...]:
        """Every day that is overridden."""
        return (*self.closed, *self.open, *(day for day, _ in self.early_close))


def _days(values: Iterable[Any], name: str) -> tuple[dt.date, ...]:
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise SessionError(f"{name} is {values!r}; write a list of days, such as [2026-09-23]")
    return tuple(sorted({_day(value, name) for value in values}))


def _day(value: Any, name: str) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError) as cause:
        raise SessionError(
            f"{name}: {value!r} is no day; write a date, such as 2026-09-23"
        ) from cause


def _times(values: Any) -> tuple[tuple[dt.date, dt.time], ...]:
    example = 'such as {2026-09-23 = "14:00"}'
    if values is not None and not hasattr(values, "items"):
        raise SessionError(f"early_close is {values!r}; write days with local times, {example}")
    return tuple(
        sorted((_day(day, "early_close"), _time(time)) for day, time in (values or {}).items())
    )


def _time(value: Any) -> dt.time:
    if isinstance(value, dt.time) and value.tzinfo is None:
        return value
    try:
        hour, minute = value.split(":")
        return dt.time(int(hour), int(minute))
    except (AttributeError, ValueError) as cause:
        raise SessionError(
            f'early_close: {value!r} is no time; write the local time as "HH:MM", such as "14:00"'
        ) from cause


AS_LISTED = Overrides()
