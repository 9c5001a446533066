"""A study on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup

from aftershock.report.blocks import Fold, Prose, Section, Table
from aftershock.report.charts import study as charts
from aftershock.report.mark import mark
from aftershock.report.sections.common import asked, conventions, event_columns, warnings
from aftershock.report.sentences import study_sentence
from aftershock.report.tables import Column, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aftershock.report.blocks import Block
    from aftershock.report.cells import Cell, Folder, Sheet
    from aftershock.report.words import Language

VARIANTS = ("alpha0", "masked")
WINDOW = [Column("start", mark("from"), "plain"), Column("end", mark("to"), "plain")]
P = Column("p_value", mark("p"), "p")
NOTE = Column("note", mark("note"), "phrase")
EVENT = Column("event", mark("event"), "text")
TESTS = [
    Column("group", mark("group"), "phrase"), *WINDOW, Column("test", mark("test"), "phrase"),
    Column("statistic", mark("statistic"), "number"),
    Column("distribution", mark("distribution"), "phrase"), Column("dof", mark("dof"), "plain"), P,
    Column("n", mark("n"), "count"), Column("null", mark("null hypothesis"), "phrase"), NOTE,
]  # fmt: skip
SINGLE = [
    EVENT, *WINDOW, Column("test", mark("test"), "phrase"),
    Column("statistic", mark("statistic"), "number"), P,
    Column("floor", mark("smallest possible p"), "p"), Column("n", mark("compared with"), "count"),
    Column("null", mark("null hypothesis"), "phrase"), NOTE,
]  # fmt: skip
REGRESSION = [
    Column("ticker", mark("ticker"), "text"), EVENT, *WINDOW, Column("car", mark("CAR"), "percent"),
    Column("se", mark("se"), "share"), Column("t", mark("t"), "number"),
    Column("dof", mark("dof"), "plain"), P, Column("f", mark("F"), "number"), NOTE,
]  # fmt: skip
OUTCOMES = [
    EVENT,
    *WINDOW,
    Column("outcome", mark("of"), "phrase"),
    Column("estimate", mark("estimate"), "number"),
    Column("statistic", mark("statistic"), "number"),
    Column("distribution", mark("distribution"), "phrase"),
    Column("dof", mark("dof"), "plain"),
    Column("dof2", mark("and"), "plain"),
    P,
    NOTE,
]
INFLUENCE = [
    Column("group", mark("group"), "phrase"), *WINDOW, Column("event", mark("left out"), "text"),
    Column("n", mark("n"), "count"), Column("caar", mark("mean CAR"), "percent"),
    Column("t", mark("t"), "number"), P,
]  # fmt: skip
CALENDAR = [
    Column("group", mark("group"), "phrase"),
    *WINDOW,
    Column("alpha", mark("alpha a session"), "percent"),
    Column("se", mark("se"), "share"),
    Column("t", mark("t"), "number"),
    Column("dof", mark("dof"), "plain"),
    P,
    Column("lags", mark("lags"), "count"),
    Column("sessions", mark("sessions"), "count"),
    Column("mean_held", mark("stocks held"), "number"),
    NOTE,
]
ESTIMATED = {
    "sigma": (mark("residual sigma"), "share"),
    "r2": (mark("R²"), "number"),
    "dof": (mark("dof"), "plain"),
    "first": (mark("first return"), "day"),
    "last": (mark("last return"), "day"),
}
DEPTH = [
    EVENT,
    Column("ticker", mark("ticker"), "text"),
    Column("depth", mark("deepest close"), "percent"),
    Column("trough", mark("on"), "day"),
    Column("sessions", mark("sessions"), "count"),
    Column("percent", mark("percent freed"), "plain"),
    Column("supply_multiple", mark("supply multiple"), "number"),
    Column("financial_share", mark("held by financial investors"), "share"),
    Column("state_share", mark("held by the state"), "share"),
    Column("run_up", mark("run-up before"), "percent"),
    NOTE,
    Column("reading", mark("reading"), "phrase"),
]
ATTRIBUTES = {
    "run_up": "percent",
    "financial_share": "share",
    "state_share": "share",
    "supply_multiple": "number",
}


def study_section(folder: Folder, name: str, lang: Language) -> Section:
    """Return one study: its sentence, figures, estimates, and everything else behind folds.

    Parameters
    ----------
    folder
        The run.
    name
        The study.
    lang
        Language.
    """
    where = f"studies/{name}"
    manifest = folder.record("manifest.json")
    market = bool(manifest.get(f"studies/{name}")["is_market_data"])
    blocks: list[Block] = []
    paths = charts.paths(folder, where, lang)
    estimates = _estimates(folder, where, lang)
    blocks += [block for block in (paths, estimates) if block is not None]
    blocks += charts.means(folder, where, lang)
    each = charts.events(folder, where, lang)
    if each:
        blocks.append(Fold(lang.t("Every event by itself"), list(each), len(each)))
    blocks += _folds(folder, where, lang)
    blocks += warnings(manifest, f"studies/{name}", lang)
    blocks.append(conventions(manifest, f"studies/{name}", lang))
    title = str(manifest.get(f"studies/{name}")["title"])
    lead = [study_sentence(folder, where, market, lang)]
    question = asked(manifest, f"studies/{name}", ("contrast", "events", "model"), lang)
    return Section(f"study-{name}", lang.t("Event study"), title, lead, blocks, question)


def _folds(folder: Folder, where: str, lang: Language) -> Iterator[Fold]:
    prefix = where.replace("/", "-")

    def made(file: str, title: str, columns: Sequence[Column]) -> Table:
        return table(f"{prefix}-{file}", title, folder.sheet(f"{where}/{file}.csv"), columns, lang)

    influence = charts.influence(folder, where, lang)
    extra = {"influence": [influence] if influence else []}
    for file, title, columns in (
        ("tests", lang.t("All tests"), TESTS),
        ("single", lang.t("Tests of single events"), SINGLE),
        ("estimates", lang.t("Estimation"), _estimation(folder.sheet(f"{where}/estimates.csv"))),
        ("regression", lang.t("All events of a stock in one regression"), REGRESSION),
        ("outcomes", lang.t("Volatility and volume"), OUTCOMES),
        ("influence", lang.t("Each event left out"), INFLUENCE),
        ("calendar_time", lang.t("Calendar-time portfolio"), CALENDAR),
        ("depth", lang.t("Depth of the fall"), DEPTH),
        ("attributes", lang.t("What is known of each event"), _attributes(folder, where)),
        ("events", lang.t("Events and confounders"), event_columns(study=True)),
    ):
        if len(folder.sheet(f"{where}/{file}.csv")):
            found = made(file, title, columns)
            yield Fold(title, [*extra.get(file, []), found], found.rows)


def _estimation(sheet: Sheet) -> list[Column]:
    """Return the model's own coefficients first, then what every model has."""
    names = [name for name in sheet.columns if name not in {"event", *ESTIMATED}]
    own = [Column(name, name, "percent" if name == "alpha" else "number") for name in names]
    return [EVENT, *own, *(Column(name, *said) for name, said in ESTIMATED.items())]


def _attributes(folder: Folder, where: str) -> list[Column]:
    sheet = folder.sheet(f"{where}/attributes.csv")
    numeric = {name for name in sheet.columns if pd.api.types.is_numeric_dtype(sheet.frame[name])}
    return [
        Column(
            name,
            name.replace("_", " "),
            ATTRIBUTES.get(name, "plain" if name in numeric else "text"),
        )
        for name in sheet.columns
    ]


def _estimates(folder: Folder, where: str, lang: Language) -> Table | Prose | None:
    """Return one row per CAR with the p-values of the robustness rows beside the default's."""
    sheet = folder.sheet(f"{where}/car.csv")
    if not len(sheet):
        return None
    keys = ["event", "session", "start", "end"]
    index = [
        (event, str(session), start, end)
        for event, session, start, end in zip(*(sheet.columns[key] for key in keys), strict=True)
    ]
    at = {
        (*key, row): i for i, (key, row) in enumerate(zip(index, sheet.columns["row"], strict=True))
    }
    heads = [
        (mark("event"), False),
        (mark("day 0"), False),
        (mark("window"), False),
        (mark("CAR"), True),
        (mark("se"), True),
        (mark("t"), True),
        (mark("p"), True),
        (mark("80 % power from"), True),
        (mark("p Holm"), True),
        (mark("p BH"), True),
        (mark("p, alpha = 0"), True),
        (mark("p, masked"), True),
        (mark("robust"), False),
        (mark("alpha's part"), True),
        (mark("BHAR"), True),
    ]
    body = [
        (i, _row(sheet, i, {v: at.get((*index[i], v)) for v in VARIANTS}, lang))
        for i, row in enumerate(sheet.columns["row"])
        if row == "default"
    ]
    return Table(
        f"{where.replace('/', '-')}-car",
        lang.t("Estimates"),
        sheet.file,
        [(lang.t(said), number) for said, number in heads],
        body,
        lang.t(
            "p Holm and p BH are adjusted over every event and window of the study. 'alpha = 0'"
            " forces the intercept to zero, 'masked' leaves other events' sessions out of the"
            " estimation. '80 % power from' is the smallest true effect that would have been seen"
            " four times in five."
        ),
    )


def _row(
    sheet: Sheet, i: int, variants: dict[str, int | None], lang: Language
) -> list[Cell | Markup]:
    def cell(column: str, kind: str, at: int | None = i) -> Cell | Markup:
        return Markup("–") if at is None else sheet.cell(at, column, kind, lang)

    session = cell("session", "day")
    if pd.isna(sheet.value(i, "session")):  # a range of days
        session = lang.h("{first} to {last}", first=cell("first", "day"), last=cell("last", "day"))
    window = Markup("({}, {})").format(cell("start", "plain"), cell("end", "plain"))
    robust = {"true": lang.h("yes"), "false": lang.h("NO")}.get(
        str(sheet.value(i, "robust")), Markup("–")
    )
    return [
        cell("event", "text"), session, window, cell("car", "percent"), cell("se", "share"),
        cell("t", "number"), cell("p_value", "p"), cell("detectable", "share"),
        cell("p_holm", "p"), cell("p_bh", "p"),
        cell("p_value", "p", variants["alpha0"]), cell("p_value", "p", variants["masked"]), robust,
        cell("alpha_part", "percent"), cell("bhar", "percent"),
    ]  # fmt: skip
