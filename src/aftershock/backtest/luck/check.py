"""One answer to the question whether it is luck, or why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass

NOT_RUN = "not run"
FEWEST = 10  # events; below them no check infers anything


@dataclass(frozen=True, slots=True)
class Check:
    """A check's answer.

    Attributes
    ----------
    check
        Its name.
    statistic
        What it measures; NaN where it was refused.
    p_value, floor
        Its p-value and the smallest one it could have given; NaN where it has none.
    n
        Events behind it.
    note
        How it was done, or why it was not.
    one_day_floor
        The smallest p-value that a move of a single day can have; NaN where that is no floor.
    """

    check: str
    statistic: float
    p_value: float
    floor: float
    n: int
    note: str
    one_day_floor: float = math.nan


def refusal(n: int) -> str:
    """Return why ``n`` events allow no inference; empty from ten on."""
    return f"n = {n}: no inference" if n < FEWEST else ""


def refused(check: str, n: int, note: str = "") -> Check:
    """Return a check without an answer: too few events, or what else stood in its way."""
    nan = math.nan
    return Check(check, nan, nan, nan, n, refusal(n) or note)
