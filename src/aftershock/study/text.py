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
from aftershock.study.verdict import in_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.study.result import StudyResult

UNSEEN = (
    "80 % power: the smallest effect that such an estimate shows at 5 % four times in five;"
    " a smaller one would most likely have gone unseen"
)
KEY = ["event", "session", "start", "end"]


def summarise(result: StudyResult) -> str:
    """Return title, notice, conventions, CARs, tests and exclusions, one block each."""
    parts = [result.title, "=" * len(result.title)]
    if not result.is_market_data:
        parts.append(f"({notice_of(result)})")
    said = result.conventions
    parts.append(f"{said['model']}; {said['returns']}; estimation {said['estimation']}")
    parts.append(f"events chosen: {said['chosen']}")
    if len(result.verdict):
        parts += ["", "This study alone", *(f"  {line}" for line in in_lines(result.verdict))]
    for name, block in _blocks(result):
        parts += ["", name, block]
    return "\n".join(parts)


def _blocks(result: StudyResult) -> Iterator[tuple[str, str]]:
    """Yield heading and text of every block that has something to say."""
    if len(result.car):
        yield "Cumulated abnormal returns, and their p-values in the robustness rows", _cars(result)
    means = result.caar[result.caar["se"].notna()]
    tables = (
        ("Mean CARs", means, _means),
        ("Single events", result.single, _single),
        ("Tests", result.tests, _tests),
        ("Depth of the fall", result.depth, _depth),
    )
    for name, table, text in tables:
        if len(table):
            yield name, text(table)
    events = result.events
    excluded, noted = events[events["status"] == "excluded"], events[events["note"] != ""]
    lists = (
        ("Excluded", [f"{row.id}: {row.reason}" for row in excluded.itertuples()]),
        ("Notes", [f"{row.id}: {row.note}" for row in noted.itertuples()]),
        ("Warnings", result.warnings),
    )
    for name, lines in lists:
        if lines:
            yield name, "\n".join(f"  {line}" for line in lines)


def _cars(result: StudyResult) -> str:
    table = robustness_table(result).to_string(index=False)
    return f"{table}\n  {UNSEEN}" if result.car["detectable"].notna().any() else table


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


def _means(means: pd.DataFrame) -> str:
    table = pd.DataFrame(
        {
            "group": means["group"],
            "window": [f"({row.start:g},{row.end:g})" for row in means.itertuples()],
            "n": means["n"].map("{:g}".format),
            "CAAR": means["caar"].map(percent),
            "se": means["se"].map(share),
            "80 % power": means["detectable"].map(share),
            "median": means["median"].map(percent),
            "positive": means["positive"].map(share),
            "BHAR": means["bhar"].map(percent),
            "log turnover": means["volume"].map(number),
        }
    )
    if means["weighted"].notna().any():
        table["weighted"] = means["weighted"].map(percent)
        table["se weighted"] = means["weighted_se"].map(share)
        table["n effective"] = means["n_effective"].map(number)
    return table.to_string(index=False)


def _single(single: pd.DataFrame) -> str:
    """Return one row per event and window, one column per test."""
    rows: dict[tuple[object, str], dict[object, object]] = {}
    for row in single.itertuples():
        said = f"{p_value(row.p_value)} (n {row.n:g}, floor {p_value(row.floor)})"
        window = f"({row.start:g},{row.end:g})"
        rows.setdefault((row.event, window), {"event": row.event, "window": window})[row.test] = (
            said
        )
    return pd.DataFrame(list(rows.values())).fillna(DASH).to_string(index=False)


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
