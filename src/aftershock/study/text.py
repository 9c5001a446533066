"""A study's result as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from aftershock.study.result import StudyResult

SMALLEST_P = 0.001  # the last digit shown
METHOD_ONLY = "shows the method, not the market"


def summarise(result: StudyResult) -> str:
    """Return title, notice, conventions, CARs, tests and exclusions, one block each."""
    parts = [result.title, "=" * len(result.title)]
    if not result.is_market_data:
        parts.append(f"({METHOD_ONLY}: {result.conventions['market data'].removeprefix('no: ')})")
    said = result.conventions
    parts.append(f"{said['model']}; {said['returns']}; estimation {said['estimation']}")
    if len(result.car):
        parts += ["", "Cumulated abnormal returns", _cars(result)]
    if len(result.tests):
        parts += ["", "Tests", _tests(result.tests)]
    excluded = result.events[result.events["status"] == "excluded"]
    if len(excluded):
        parts += ["", "Excluded"]
        parts += [f"  {row.id}: {row.reason}" for row in excluded.itertuples()]
    if result.warnings:
        parts += ["", "Warnings", *(f"  {warning}" for warning in result.warnings)]
    return "\n".join(parts)


def _cars(result: StudyResult) -> str:
    car = result.car
    table = pd.DataFrame(
        {
            "event": car["event"],
            "day 0": car["session"].dt.strftime("%Y-%m-%d"),
            "window": [f"({row.start},{row.end})" for row in car.itertuples()],
            "CAR": car["car"].map(percent),
            "se": car["se"].map(percent),
            "t": car["t"].map(number),
            "p": car["p_value"].map(p_value),
            "BHAR": car["bhar"].map(percent),
            "robust": car["robust"].map({"true": "yes", "false": "NO", "": "-"}),
        }
    )
    return table.to_string(index=False)


def _tests(tests: pd.DataFrame) -> str:
    refused = tests[tests["p_value"].isna()]
    lines = [
        f"  {group}: {note} for cross-sectional tests (n = {n})"
        for group, note, n in refused[["group", "note", "n"]]
        .drop_duplicates()
        .itertuples(index=False)
    ]
    known = tests[tests["p_value"].notna()]
    return "\n".join([*([_test_table(known)] if len(known) else []), *lines])


def _test_table(tests: pd.DataFrame) -> str:
    table = pd.DataFrame(
        {
            "group": tests["group"],
            "window": [f"({row.start},{row.end})" for row in tests.itertuples()],
            "test": tests["test"],
            "statistic": tests["statistic"].map(number),
            "p": tests["p_value"].map(p_value),
            "n": tests["n"],
        }
    )
    return table.to_string(index=False)


def percent(value: float) -> str:
    """Return a decimal as percent, a dash where there is none."""
    return "-" if pd.isna(value) else f"{value:+.2%}"


def number(value: float) -> str:
    """Return a number with two decimals, a dash where there is none."""
    return "-" if pd.isna(value) else f"{value:.2f}"


def p_value(value: float) -> str:
    """Return a p-value with three decimals, never printed as zero."""
    if pd.isna(value):
        return "-"
    return "<0.001" if value < SMALLEST_P else f"{value:.3f}"
