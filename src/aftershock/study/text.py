"""A study's result as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from aftershock.formats import (
    DASH,
    METHOD_ONLY,
    day,
    heading,
    listing,
    number,
    p_value,
    percent,
    share,
)

if TYPE_CHECKING:
    from aftershock.study.result import StudyResult

KEY = ["event", "session", "start", "end"]


def summarise(result: StudyResult) -> str:
    """Return title, notice, conventions, CARs, tests and exclusions, one block each."""
    parts = [result.title, "=" * len(result.title)]
    if not result.is_market_data:
        parts.append(f"({notice_of(result)})")
    said = result.conventions
    parts.append(f"{said['model']}; {said['returns']}; estimation {said['estimation']}")
    if len(result.car):
        parts += ["", "Cumulated abnormal returns, and their p-values in the robustness rows"]
        parts.append(robustness_table(result).to_string(index=False))
    if len(result.single):
        parts += ["", "Single events", _single(result.single)]
    if len(result.tests):
        parts += ["", "Tests", _tests(result.tests)]
    if len(result.depth):
        parts += ["", "Depth of the fall", _depth(result.depth)]
    excluded = result.events[result.events["status"] == "excluded"]
    if len(excluded):
        parts += ["", "Excluded", *(f"  {row.id}: {row.reason}" for row in excluded.itertuples())]
    noted = result.events[result.events["note"] != ""]
    if len(noted):
        parts += ["", "Notes", *(f"  {row.id}: {row.note}" for row in noted.itertuples())]
    if result.warnings:
        parts += ["", "Warnings", *(f"  {warning}" for warning in result.warnings)]
    return "\n".join(parts)


def as_html(result: StudyResult) -> str:
    """Return title, notice, estimates, exclusions and warnings as HTML, everything escaped."""
    excluded = result.events[result.events["status"] == "excluded"]
    parts = [heading(result.title, notice_of(result))]
    if len(result.car):
        parts.append(robustness_table(result).to_html(index=False, border=0))
    reasons = [f"{row.id}: {row.reason}" for row in excluded.itertuples()]
    return "".join([*parts, listing("Excluded", reasons), listing("Warnings", result.warnings)])


def notice_of(result: StudyResult) -> str:
    """Return what to say of prices that are not market data, empty where they are."""
    if result.is_market_data:
        return ""
    return f"{METHOD_ONLY}: {result.conventions['market data'].removeprefix('no: ')}"


def robustness_table(result: StudyResult) -> pd.DataFrame:
    """Return one row per CAR with the robustness rows beside the default, as text."""
    car = result.car
    rows = result.car_rows.pivot_table(
        index=KEY, columns="row", values=["car", "p_value"], dropna=False, observed=True, sort=False
    )
    beside = car[KEY].apply(tuple, axis=1)
    lookup = {key: rows.iloc[i] for i, key in enumerate(rows.index)}
    stretched = car["session"].isna()

    def variant(name: str, row: str) -> list[float]:
        found = [lookup.get(key) for key in beside]
        return [
            float("nan") if own is None else float(own.get((name, row), float("nan")))
            for own in found
        ]

    return pd.DataFrame(
        {
            "event": car["event"],
            "day 0": [
                f"{day(row.first)}..{day(row.last)}" if wide else day(row.session)
                for row, wide in zip(car.itertuples(), stretched, strict=True)
            ],
            "window": [f"({row.start:g},{row.end:g})" for row in car.itertuples()],
            "CAR": car["car"].map(percent),
            "se": car["se"].map(share),
            "t": car["t"].map(number),
            "p": car["p_value"].map(p_value),
            "p alpha=0": list(map(p_value, variant("p_value", "alpha0"))),
            "p masked": list(map(p_value, variant("p_value", "masked"))),
            "robust": car["robust"].map({"true": "yes", "false": "NO", "": DASH}),
            "alpha x L": car["alpha_part"].map(percent),
            "BHAR": car["bhar"].map(percent),
            "80 % power": car["detectable"].map(share),
        }
    )


def _single(single: pd.DataFrame) -> str:
    return pd.DataFrame(
        {
            "event": single["event"],
            "window": [f"({row.start:g},{row.end:g})" for row in single.itertuples()],
            "test": single["test"],
            "p": single["p_value"].map(p_value),
            "floor": single["floor"].map(p_value),
            "m": single["m"].map("{:g}".format),
        }
    ).to_string(index=False)


def _tests(tests: pd.DataFrame) -> str:
    refused = tests[tests["p_value"].isna()]
    reasons = refused.groupby(["group", "note", "n"], sort=False)["test"].agg(
        lambda names: ", ".join(dict.fromkeys(names))
    )
    lines = [
        f"  {row.group}, n = {row.n:g}: {row.note} ({row.test})"
        for row in reasons.reset_index().itertuples()
    ]
    known = tests[tests["p_value"].notna()]
    return "\n".join([*([_test_table(known)] if len(known) else []), *lines])


def _test_table(tests: pd.DataFrame) -> str:
    return pd.DataFrame(
        {
            "group": tests["group"],
            "window": [f"({row.start:g},{row.end:g})" for row in tests.itertuples()],
            "test": tests["test"],
            "statistic": tests["statistic"].map(number),
            "p": tests["p_value"].map(p_value),
            "n": tests["n"].map("{:g}".format),
            "note": tests["note"],
        }
    ).to_string(index=False)


def _depth(depth: pd.DataFrame) -> str:
    table = pd.DataFrame(
        {"event": depth["event"], "depth": depth["depth"].map(percent), "trough": depth["trough"]}
    )
    for name in ("percent", "supply_multiple", "financial_share", "state_share"):
        if name in depth:
            table[name.replace("_", " ")] = depth[name].map(number)
    reading = depth["reading"].iloc[0]
    return table.to_string(index=False) + (f"\n  {reading}" if reading else "")
