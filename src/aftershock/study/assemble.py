"""From records to a study's result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aftershock.study.attributes import attribute_table, depth_table
from aftershock.study.conventions import conventions, warnings
from aftershock.study.evidence import evidence
from aftershock.study.group_tables import (
    aar_table,
    caar_table,
    calendar_table,
    influence_table,
    tests_table,
)
from aftershock.study.pooling import group_names, members_of, pool_once, pools
from aftershock.study.result import StudyResult
from aftershock.study.singles import (
    PLACEBO,
    REGRESSION,
    SINGLE,
    place_all,
    placebo_rows,
    regression_rows,
    single_rows,
    strands,
)
from aftershock.study.tables import (
    abnormal_table,
    car_table,
    estimates_table,
    events_table,
    outcomes_table,
)
from aftershock.study.verdict import verdicts
from aftershock.study.weights import event_weights
from aftershock.study.windows import Window
from aftershock.tables import make_table

if TYPE_CHECKING:
    import pandas as pd

    from aftershock.events.book import EventBook
    from aftershock.prices.panel import PricePanel
    from aftershock.prices.returns import ReturnPanel
    from aftershock.study.run import Records
    from aftershock.study.study import Study


def assemble(
    study: Study, records: Records, book: EventBook, prices: PricePanel | ReturnPanel, seed: int
) -> StudyResult:
    """Return the result that the records make up."""
    sessions, items = prices.sessions, records.items
    names = group_names(study, items)
    pool_once(items, names)
    placed = place_all(study, records)
    groups = members_of(study, records, names)
    located = [
        (record.unit.id, record.unit.event, None if record.fit is None else record.row)
        for record in items
    ]
    attributes = attribute_table(located, book, prices)
    weights = event_weights(study, items, attributes, prices, book)
    pooled = list(pools(study, groups, seed, weights))
    outcomes = outcomes_table(study, records, prices, book)
    volumes = _volumes(outcomes)
    result = StudyResult(
        title=study.title,
        events=events_table(items, names),
        estimates=estimates_table(items, sessions),
        abnormal_returns=abnormal_table(items, sessions),
        car_rows=car_table(items, sessions),
        aar=aar_table(study, groups),
        caar=caar_table(pooled, volumes),
        tests=tests_table(study, pooled, volumes, seed),
        single=make_table(single_rows(study, records, placed), SINGLE),
        placebo=make_table(placebo_rows(placed), PLACEBO),
        regression=make_table(regression_rows(study, records), REGRESSION),
        outcomes=outcomes,
        influence=influence_table(pooled),
        calendar_time=calendar_table(study, groups, records),
        attributes=attributes,
        depth=_depth(study, located, attributes, prices),
        conventions=conventions(study, records, prices, seed),
        warnings=tuple(warnings(study, records, groups, prices)),
        is_market_data=prices.origin.is_market_data,
        strands=strands(study, records, placed),
        pooled={
            (pool.group, *pool.window): tuple(member.id for member in pool.members)
            for pool in pooled
        },
    )
    result = replace(result, evidence=evidence(result))
    return replace(result, verdict=verdicts([result], seed))


def _volumes(outcomes: pd.DataFrame) -> dict[tuple[str, int, int], float]:
    """Return abnormal log turnover by event and window."""
    own = outcomes[outcomes["outcome"] == "volume"]
    keys = zip(own["event"].tolist(), own["start"].tolist(), own["end"].tolist(), strict=True)
    return dict(zip(keys, own["estimate"].tolist(), strict=True))


def _depth(study: Study, located: Any, attributes: pd.DataFrame, prices: object) -> pd.DataFrame:
    window = study.depth or Window(0, 0)
    return depth_table(located if study.depth else [], attributes, prices, window)
