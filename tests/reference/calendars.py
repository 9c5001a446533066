"""Compare every exchange calendar with the answers that exchange_calendars is tested on.

The answers are in its source distribution only, one CSV of opens and closes a calendar::

    pip download --no-binary exchange_calendars --no-deps exchange_calendars==4.13.2
    tar xf exchange_calendars-4.13.2.tar.gz
    python tests/reference/calendars.py exchange_calendars-4.13.2/tests/resources

writes what differs to ``calendars.csv`` beside this file: a session that only one side has, or
a session that closes at another time (UTC). A calendar that cannot be made is a row with the
sentence it is refused with; one without answers is a row as well.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import exchange_calendars
import pandas as pd

from aftershock.errors import SessionError
from aftershock.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = Path(__file__).with_name("calendars.csv")
COLUMNS = ("calendar", "session", "here", "answer")
NONE = "no session"


def answers(path: Path) -> dict[str, str]:
    """Return the close of every session of an answer file, ``YYYY-MM-DD`` to UTC."""
    table = pd.read_csv(path, index_col=0)
    closes = pd.to_datetime(table["close"], utc=True).dt.strftime("%Y-%m-%d %H:%M")
    return dict(zip(table.index.str[:10], closes, strict=True))


def closes_here(code: str, days: list[str]) -> dict[str, str]:
    """Return the closes of our sessions over the same days, as ``answers`` does."""
    first, last = pd.Timestamp(days[0]).date(), pd.Timestamp(days[-1]).date()
    sessions = Sessions.exchange(code, first, last)
    closes = pd.DatetimeIndex(sessions.closes).strftime("%Y-%m-%d %H:%M")
    return dict(zip(map(str, sessions.dates), closes, strict=True))


def differences(code: str, folder: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for every session of a calendar that differs."""
    path = folder / f"{code.replace('/', '-').lower()}.csv"
    if not path.is_file():
        yield code, "", "", "no answers"
        return
    answer = answers(path)
    try:
        here = closes_here(code, list(answer))
    except SessionError as cause:
        yield code, "", str(cause), ""
        return
    for day in sorted(here.keys() | answer.keys()):
        pair = here.get(day, NONE), answer.get(day, NONE)
        if pair[0] != pair[1]:
            yield code, day, *pair


def main(folder: Path) -> None:
    """Write the table of differences."""
    codes = exchange_calendars.get_calendar_names(include_aliases=False)
    rows = [row for code in sorted(codes) for row in differences(code, folder)]
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
    sys.stdout.write(f"{len(codes)} calendars, {len(rows)} differences in {TABLE}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
