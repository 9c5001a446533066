"""A backtest on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup
from pandas.api.types import is_numeric_dtype

from aftershock.backtest.compare import RATES, SAME_SIDE, UNSIGNED
from aftershock.report.blocks import Fold, Prose, Section, Table
from aftershock.report.cells import joined
from aftershock.report.charts import backtest as charts
from aftershock.report.charts import luck
from aftershock.report.mark import mark
from aftershock.report.outcome import backtest_sentence
from aftershock.report.sections.common import asked, conventions, event_columns, warnings
from aftershock.report.tables import Column, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.report.blocks import Block
    from aftershock.report.cells import Cell, Folder
    from aftershock.report.words import Language

TRADES = [
    Column("event", mark("event"), "text"), Column("ticker", mark("ticker"), "text"),
    Column("side", mark("side"), "phrase"), Column("entry_session", mark("entry"), "day"),
    Column("entry_price", mark("entry price"), "price"),
    Column("exit_session", mark("exit"), "day"),
    Column("exit_price", mark("exit price"), "price"), Column("shares", mark("shares"), "plain"),
    Column("gross", mark("gross"), "money"), Column("fees", mark("fees"), "money"),
    Column("borrow", mark("borrow"), "money"), Column("net", mark("net"), "money"),
    Column("mae", mark("worst"), "percent"), Column("mfe", mark("best"), "percent"),
    Column("break_even_borrow", mark("break-even borrow"), "share"),
    Column("break_even_slippage", mark("break-even slippage"), "share"),
    Column("open", mark("open"), "flag"),
]  # fmt: skip
ORDERS = [
    Column("session", mark("session"), "day"), Column("event", mark("event"), "text"),
    Column("ticker", mark("ticker"), "text"), Column("side", mark("side"), "phrase"),
    Column("shares", mark("shares"), "plain"), Column("kind", mark("kind"), "phrase"),
    Column("status", mark("status"), "phrase"), Column("fill_session", mark("filled on"), "day"),
    Column("fill_price", mark("fill price"), "price"), Column("reason", mark("reason"), "phrase"),
]  # fmt: skip
COSTS = [
    Column("trade", mark("trade"), "count"), Column("event", mark("event"), "text"),
    Column("ticker", mark("ticker"), "text"), Column("session", mark("session"), "day"),
    Column("item", mark("item"), "phrase"), Column("amount", mark("amount"), "money"),
]  # fmt: skip
ITEMS = [Column("item", mark("item"), "phrase"), Column("amount", mark("amount"), "money")]
DRAWDOWNS = [
    Column("rank", mark("rank"), "count"), Column("series", mark("series"), "phrase"),
    Column("peak_session", mark("peak"), "day"), Column("trough_session", mark("trough"), "day"),
    Column("recovery_session", mark("recovery"), "day"), Column("depth", mark("depth"), "percent"),
    Column("sessions", mark("sessions, peak to recovery"), "count"),
]  # fmt: skip
LUCK = [
    Column("check", mark("check"), "phrase"), Column("statistic", mark("statistic"), "short"),
    Column("p_value", mark("p"), "p"), Column("floor", mark("smallest possible p"), "p"),
    Column("one_day_floor", mark("smallest p of one day's move"), "p"),
    Column("n", mark("n"), "count"), Column("note", mark("note"), "phrase"),
]  # fmt: skip
INFLUENCE = [
    Column("left_out", mark("left out"), "text"), Column("net", mark("net"), "money"),
    Column("total_return", mark("total return"), "percent"),
]  # fmt: skip
BORROW = [
    Column("rate", mark("borrow rate a year"), "share"), Column("net", mark("net"), "money"),
    Column("total_return", mark("total return"), "percent"),
]  # fmt: skip
COUNTS = ("sessions", "blocks_in_market")
MONEY = {"start_equity", "end_equity", "mean_net", "fees", "borrow"}
SHARES = {
    "total_return", "annual_return", "annual_volatility", "max_drawdown", "time_in_market",
    "mean_gross_exposure", "max_gross_exposure", "hit_rate", "break_even_borrow",
    "break_even_slippage",
}  # fmt: skip
FEW = 4  # figures of prices that stand open
DAYS = {"first_session", "last_session", "ruined"}


def backtest_section(folder: Folder, name: str, lang: Language) -> Section:
    """Return one backtest: its sentence, figures, trades, and everything else behind folds.

    Parameters
    ----------
    folder
        The run.
    name
        The backtest.
    lang
        Language.
    """
    where = f"backtests/{name}"
    manifest = folder.record("manifest.json")
    record = manifest.get(f"backtests/{name}")
    benchmark = benchmark_of(record["conventions"])
    names = folder.names(lang)
    shown: list[Block | None] = [
        charts.equity(folder, where, benchmark, lang), _versus(folder, where, benchmark, lang),
        *_prices(folder, where, names, lang), _table(folder, where, "trades", lang),
        luck.placebo(folder, where, lang), _table(folder, where, "luck", lang),
        luck.borrow(folder, where, lang), luck.sweep(folder, where, lang),
        charts.monthly(folder, where, lang), _table(folder, where, "drawdowns", lang),
        charts.costs(folder, where, lang),
    ]  # fmt: skip
    blocks = [block for block in shown if block is not None]
    blocks += _folds(folder, where, lang)
    blocks += warnings(manifest, f"backtests/{name}", lang)
    blocks.append(conventions(manifest, f"backtests/{name}", lang))
    lead = [backtest_sentence(folder, where, bool(record["is_market_data"]), benchmark, lang)]
    rule = _parameters(folder, name, lang)
    lead += [lang.h("Parameters: {said}", said=rule)] if rule else []
    question = joined(
        [asked(manifest, f"backtests/{name}", ("events",), lang), *([rule] if rule else [])],
        lang.t("; "),
    )
    return Section(f"backtest-{name}", lang.t("Backtest"), name, lead, blocks, question)


def _prices(folder: Folder, where: str, names: dict[str, str], lang: Language) -> list[Block]:
    """Return a figure for each ticker; more than a few are shown on demand."""
    drawn: list[Block] = [*charts.prices(folder, where, names, lang)]
    if len(drawn) <= FEW:
        return drawn
    return [Fold(lang.t("Prices with entries, exits and events"), drawn, len(drawn))]


def benchmark_of(said: dict[str, str]) -> str:
    """Return the benchmark's ticker from a backtest's conventions."""
    return said.get("benchmark", "").partition(",")[0]


def _parameters(folder: Folder, name: str, lang: Language) -> Markup:
    manifest = folder.record("manifest.json")
    params = manifest.get(f"backtests/{name}")["params"]
    said = [
        Markup("{} {}").format(
            key, manifest.cell(f"backtests/{name}/params/{key}", _kind(value), lang)
        )
        for key, value in params.items()
        if value not in (None, "")
    ]
    return Markup(", ").join(said)


def _kind(value: object) -> str:
    return "plain" if isinstance(value, int | float) and not isinstance(value, bool) else "text"


def _table(folder: Folder, where: str, file: str, lang: Language) -> Table | None:
    columns, title = {
        "trades": (TRADES, lang.t("Trades")),
        "orders": (ORDERS, lang.t("Orders")),
        "costs": (COSTS, lang.t("Every cost")),
        "figures/costs_by_item": (ITEMS, lang.t("Costs by item")),
        "drawdowns": (DRAWDOWNS, lang.t("Deepest drawdowns")),
        "luck": (LUCK, lang.t("Is it luck?")),
        "influence": (INFLUENCE, lang.t("Each event left out")),
        "borrow_grid": (BORROW, lang.t("Net profit at other borrow rates")),
        "events": (event_columns(study=True), lang.t("Events")),
    }[file]
    sheet = folder.sheet(f"{where}/{file}.csv")
    if not len(sheet):
        return None
    return table(f"{where}-{file}".replace("/", "-"), title, sheet, columns, lang)


def _folds(folder: Folder, where: str, lang: Language) -> Iterator[Fold]:
    yield Fold(lang.t("All figures of the run"), [_metrics(folder, where, lang)])
    swept = folder.sheet(f"{where}/sweep.csv")
    if len(swept):
        kinds = {"net": "money", "total_return": "percent", "p_value": "p", "sharpe": "number"}
        columns = [
            Column(
                str(name),
                str(name).replace("_", " "),
                kinds.get(str(name), "plain" if is_numeric_dtype(swept.frame[name]) else "text"),
            )
            for name in swept.columns
        ]
        title = lang.t("Every combination tried")
        yield Fold(
            title,
            [table(f"{where}-sweep".replace("/", "-"), title, swept, columns, lang)],
            len(swept),
        )
    left_out = luck.influence(folder, where, lang)
    extra = {"influence": [left_out] if left_out else []}
    for file in ("influence", "borrow_grid", "orders", "figures/costs_by_item", "costs", "events"):
        found = _table(folder, where, file, lang)
        if found is not None:
            yield Fold(found.title, [*extra.get(file, []), found], found.rows)


def _metrics(folder: Folder, where: str, lang: Language) -> Prose:
    metrics = folder.record(f"{where}/metrics.json")
    items = []
    for name, value in metrics.data.items():
        shown = metrics.cell(name, _metric_kind(name, value), lang)
        text = lang.t("not defined") if value is None else shown
        items.append(lang.h("{name}: {text}", name=lang.phrase(name.replace("_", " ")), text=text))
    return Prose(items, as_list=True)


def _metric_kind(name: str, value: object) -> str:
    if name in DAYS:
        return "day"
    if name in MONEY:
        return "money"
    if name in SHARES:
        return "share"
    return "number" if isinstance(value, float) else "plain"


def _versus_kind(metric: str) -> str:
    if metric.endswith(RATES):
        return "percent"
    if metric.endswith(UNSIGNED):
        return "share"
    if metric.endswith(COUNTS):
        return "count"
    return "p" if metric.endswith(" p") else "number"


def _versus(folder: Folder, where: str, benchmark: str, lang: Language) -> Table | None:
    sheet = folder.sheet(f"{where}/versus.csv")
    if not len(sheet):
        return None
    named = {
        "strategy": lang.t("strategy"),
        "benchmark": benchmark,
        SAME_SIDE: lang.t("same side of {benchmark}", benchmark=benchmark),
        "hedged": lang.t("hedged"),
    }
    columns = [name for name in named if name in sheet.columns]
    heads = [(lang.t("metric"), False), *((named[name], True) for name in columns)]
    body: list[tuple[int, list[Cell | Markup]]] = []
    for i, metric in enumerate(sheet.columns["metric"]):
        kind = _versus_kind(str(metric))
        said = lang.phrase(str(metric).replace("_", " "))
        cells: list[Cell | Markup] = [lang.h("{name}", name=said)]
        cells += [sheet.cell(i, column, kind, lang) for column in columns]
        body.append((i, [*cells, sheet.cell(i, "note", "phrase", lang)]))
    title = lang.t("Against {benchmark}", benchmark=benchmark)
    name = f"{where}-versus".replace("/", "-")
    return Table(name, title, sheet.file, [*heads, (lang.t("note"), False)], body)
