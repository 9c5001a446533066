"""What a study assumed, and what its reader should be wary of, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftershock.formats import counted
from aftershock.prices.comparisons import THIN, clashes, hours_apart, idle_share, lags_for
from aftershock.prices.panel import PricePanel
from aftershock.prices.quality import touched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aftershock.prices.quality import Finding
    from aftershock.prices.returns import ReturnPanel
    from aftershock.study.run import Record, Records
    from aftershock.study.study import Study


def conventions(
    study: Study, records: Records, prices: PricePanel | ReturnPanel, seed: int
) -> dict[str, str]:
    """Return what was assumed, in words."""
    history = study.estimation
    ran = {
        "statsmodels": "statsmodels, one regression per event (the reference)",
        "arrays": "arrays, all events at once (equal to statsmodels to rounding)",
    }
    said = {
        "events": str(study.events),
        "model": f"{study.model.label} {' '.join(study.model.benchmarks)}".strip(),
        "returns": f"{study.returns}, close to close, adjusted prices",
        "day 0": "first session whose close is strictly after the event's instant",
        "estimation": "none"
        if history is None
        else f"{history}, at least {counted(study.min_obs, 'return')}",
        "window": str(study.window),
        "standard errors": "none: nothing is estimated"
        if history is None
        else "full prediction-error covariance, t with T - k degrees of freedom",
        "engine": ran[records.engine] if study.model.is_linear else "one event at a time",
        "groups": f"by {study.by}" if study.by else "one; opposite signs are never pooled",
        "families": "Holm and Benjamini-Hochberg over every window and event of the study",
        "halts": "bridged, trade to trade" if study.bridges_halts else "missing, never filled",
        "seed": str(seed),
        "source": prices.origin.source,
        "market data": "yes" if prices.origin.is_market_data else f"no: {prices.origin.notice}",
    }
    if study.contrast:
        said["contrast"] = f"{study.contrast[0]} minus {study.contrast[1]}"
    return said


def warnings(
    study: Study, records: Sequence[Record], prices: PricePanel | ReturnPanel
) -> Iterator[str]:
    """Yield what to be wary of, one sentence each."""
    if prices.origin.notice:
        yield prices.origin.notice
    yield from study.caveats
    yield from study.model.remarks
    yield from prices.notes
    if isinstance(prices, PricePanel):
        yield from _doubts(study, records, prices)
        yield from _thin(study, records, prices)
    yield from _other_hours(study, records, prices)
    for record in records:
        flips = {(str(row.session), str(row.window)) for row in record.cars if row.robust is False}
        for session, window in sorted(flips):
            where = "" if session == "None" else f" from {session}"
            yield (
                f"{record.unit.id} CAR{window}{where}: not robust, p crosses 5 % between"
                " the default and the robustness rows"
            )
        if record.unit.event.endogenous and record.fit is not None:
            yield f"{record.unit.id}: its date was chosen by looking at prices (endogenous)"
        for note in record.notes:
            if note.startswith(("not separable", "the benchmark has", "no trading on")):
                yield f"{record.unit.id}: {note}"
    if not any(record.fit for record in records):
        yield "no event could be studied; the reasons stand with the events"


def _doubts(study: Study, records: Sequence[Record], prices: PricePanel) -> Iterator[str]:
    """Yield the flagged bars that the studied events touch, and currencies that differ."""
    touching: dict[Finding, list[str]] = {}
    fitted = [record for record in records if record.fit is not None]
    for record in fitted:
        rows = touched_rows(record)
        first, last = prices.sessions.date(rows[0]), prices.sessions.date(rows[-1])
        own = [(ticker, False) for ticker in record.unit.tickers]
        for ticker, closes in (*own, *((name, True) for name in study.model.benchmarks)):
            for item in touched(prices, ticker, first, last, closes=closes):
                touching.setdefault(item, []).append(record.unit.id)
    for item, names in touching.items():
        yield f"{item} (used by {', '.join(dict.fromkeys(names))})"
    stocks = [ticker for record in fitted for ticker in record.unit.tickers]
    yield from clashes(prices, stocks, study.model.benchmarks)


def _other_hours(
    study: Study, records: Sequence[Record], prices: PricePanel | ReturnPanel
) -> Iterator[str]:
    """Yield the benchmarks of other hours whose neighbouring session the model leaves out."""
    lags, leads = study.model.reach
    stocks = [ticker for record in records if record.fit for ticker in record.unit.tickers]
    for pair in hours_apart(prices, stocks, study.model.benchmarks):
        share = f"{pair.ticker} and {pair.benchmark} share {pair.share:.0%} of their trading hours"
        if pair.later > 0 and not lags:
            yield (
                f"{share} and the benchmark closes {pair.later:.1f} hours later, so what moves it"
                " on a date reaches the stock a session later: use Dimson(lags=1, leads=0), or"
                " the benchmark moved to the next session under a name of its own"
            )
        elif pair.later < 0 and not leads:
            yield (
                f"{share} and the benchmark closes {-pair.later:.1f} hours earlier, so what moves"
                " the stock on a date reaches it a session later: use Dimson(lags=0, leads=1), or"
                " the benchmark moved to the session before under a name of its own"
            )


def _thin(study: Study, records: Sequence[Record], prices: PricePanel) -> Iterator[str]:
    """Yield the stocks that trade too seldom for a slope on the market of the same session."""
    if study.model.allows_thin_trading or not study.model.benchmarks:
        return
    estimated: dict[str, set[int]] = {}
    for record in records:
        if record.fit is not None:
            for ticker in record.unit.tickers:
                estimated.setdefault(ticker, set()).update(record.fit.used.tolist())
    for ticker, rows in estimated.items():
        share = idle_share(prices, ticker, sorted(rows))
        if share >= THIN:
            yield (
                f"{ticker} did not trade on {share:.0%} of the sessions its model is estimated on"
                " (close unchanged, volume 0): a beta of the same session is too small by about"
                f" as much, use Dimson(lags={lags_for(share)}, leads=1) or ScholesWilliams"
            )


def touched_rows(record: Record) -> list[int]:
    """Return the panel rows an event's returns come from, ascending."""
    if record.fit is None:
        return []
    rows = {int(row) for row in (*record.fit.rows, *record.fit.used) if row >= 0}
    return sorted({max(row - 1, 0) for row in rows} | rows)  # a return starts a session before
