"""``backtest`` and ``sweep``."""

from __future__ import annotations

import datetime as dt
import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aftershock.cli.options import HERE, LangOption, OfflineOption, SourceOption, WorkspaceOption
from aftershock.cli.screen import print_table, print_text, progress
from aftershock.cli.work import ENGLISH, go, open_workspace, print_tables
from aftershock.errors import BacktestError
from aftershock.workspace.request import Request, Terms

if TYPE_CHECKING:
    from pathlib import Path

    from aftershock.workspace.load import Workspace

NamesArgument = Annotated[
    list[str] | None, typer.Argument(help="Strategies, by file name without .py.")
]
FromOption = Annotated[
    dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First session.")
]
ToOption = Annotated[
    dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last session.")
]
CashOption = Annotated[float | None, typer.Option(help="Starting cash.", show_default=False)]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="A parameter: --set entry=-5. May be repeated.")
]
BorrowOption = Annotated[
    float | None,
    typer.Option(help="Borrow fee a year as decimal: 0.18 is 18 %.", show_default=False),
]
NoCostsOption = Annotated[
    bool, typer.Option("--no-costs", help="No charges, and no borrow fee unless one is given.")
]
HelpOption = Annotated[
    bool, typer.Option("--help", help="Show this, or a strategy's own parameters.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (backtest, sweep):
        app.command(add_help_option=False)(command)


def backtest(
    context: typer.Context,
    names: NamesArgument = None,
    workspace: WorkspaceOption = HERE,
    source: SourceOption = None,
    offline: OfflineOption = False,
    lang: LangOption = None,
    first: FromOption = None,
    last: ToOption = None,
    cash: CashOption = None,
    params: SetOption = None,
    borrow: BorrowOption = None,
    no_costs: NoCostsOption = False,
    placebos: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Assignments of the events to other sessions. [default: 9999 of a rule, else 0]",
            show_default=False,
        ),
    ] = None,
    check_lookahead: Annotated[
        bool,
        typer.Option("--check-lookahead", help="Run on cut data instead, compare what it decides."),
    ] = False,
    show_help: HelpOption = False,
) -> None:
    """Backtest one or more strategies, write a report and print the results."""
    if show_help or not names:
        _print_help(context, names, workspace)
        return
    space = open_workspace(workspace)
    terms = _terms(first, last, cash, params, borrow, no_costs, placebos)
    if check_lookahead:
        _print_check(space, names, source, offline, terms)
        return
    path, code = go(space, Request([], names, source, terms=terms, offline=offline), lang)
    if code == ENGLISH:
        _print_backtests(path, names)
    else:
        print_tables(path, code)


def sweep(
    context: typer.Context,
    names: NamesArgument = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(help="Values of a parameter, ends included: entry=-20:-1 or stop=0.1,0.2."),
    ] = None,
    workspace: WorkspaceOption = HERE,
    source: SourceOption = None,
    offline: OfflineOption = False,
    lang: LangOption = None,
    first: FromOption = None,
    last: ToOption = None,
    cash: CashOption = None,
    params: SetOption = None,
    borrow: BorrowOption = None,
    no_costs: NoCostsOption = False,
    placebos: Annotated[
        int, typer.Option(min=0, help="Assignments of the events at which the grid is run again.")
    ] = 0,
    show_help: HelpOption = False,
) -> None:
    """Backtest strategies in every cell of a grid of their parameters."""
    from aftershock.backtest.sweep import grid_values

    if show_help or not names:
        _print_help(context, names, workspace)
        return
    found = [grid_values(axis) for axis in grid or []]
    axes = dict(found)
    if len(axes) < len(found):
        raise BacktestError("--grid names a parameter twice; write all its values in one of them")
    if not axes:
        raise BacktestError("a sweep needs --grid, once for each parameter: --grid entry=-20:-1")
    terms = _terms(first, last, cash, params, borrow, no_costs, placebos)
    request = Request([], names, source, terms=terms, offline=offline, grid=axes)
    path, _ = go(open_workspace(workspace), request, lang)
    _print_sweeps(path, names)


def _terms(
    first: dt.datetime | None,
    last: dt.datetime | None,
    cash: float | None,
    params: list[str] | None,
    borrow: float | None,
    no_costs: bool,
    draws: int | None,
) -> Terms:
    if borrow is not None:
        _check_borrow(borrow)
    return Terms(
        start=first.date() if first else None,
        end=last.date() if last else None,
        cash=cash,
        params=dict(_assignment(said) for said in params or []),
        borrow=borrow,
        costs=not no_costs,
        draws=draws,
    )


def _check_borrow(borrow: float) -> None:
    """Refuse a fee in the words it was typed in."""
    from aftershock.backtest.exchanges import PlainExchange

    try:
        PlainExchange(borrow=borrow)
    except BacktestError:
        raise BacktestError(
            f"--borrow {borrow:g}: write a yearly rate as a decimal, 0.18 is 18 %"
        ) from None


def _assignment(said: str) -> tuple[str, Any]:
    from aftershock.backtest.sweep import read_value

    name, sign, value = said.partition("=")
    if not (sign and name.strip() and value.strip()):
        raise BacktestError(f"--set {said}: write a parameter and its value, --set entry=-5")
    return name.strip(), read_value(value)


def _print_help(context: typer.Context, names: list[str] | None, workspace: Path) -> None:
    """Print the command's help or, where strategies are named, theirs."""
    if not names:
        typer.echo(context.get_help())
        return
    from aftershock.backtest.run import describe, load_strategy

    space = open_workspace(workspace)
    for name in names:
        strategy = load_strategy(space.strategy(name))
        print_text(f"{name}: {inspect.getdoc(strategy) or ''}\n")
        rows = [tuple(str(part) for part in row) for row in describe(strategy)]
        print_table(["parameter", "type", "default", "meaning"], rows, f"--set, of {name}")


def _print_check(
    space: Workspace, names: list[str], source: str | None, offline: bool, terms: Terms
) -> None:
    """Run every strategy on cut data; exit with 1 where one decided otherwise."""
    from aftershock.backtest.lookahead import check_lookahead

    settings, events = space.settings, space.events()
    tests = {name: terms.backtest(space, name) for name in names}
    prices = space.prices(source, offline=offline)
    found = {}
    with progress(len(tests)) as step:
        for name, test in tests.items():
            step(name)
            found[name] = check_lookahead(test, events, prices, benchmark=settings.benchmark)
    for name, answer in found.items():
        print_text(f"{name}: {answer.sentence}")
    if any(answer.differences for answer in found.values()):
        raise typer.Exit(1)


def _print_backtests(path: Path, names: list[str]) -> None:
    from aftershock.backtest.result import BacktestResult
    from aftershock.backtest.text import summarise, terminal
    from aftershock.runs.history import read_run

    record = read_run(path).manifest["backtests"]
    for name in dict.fromkeys(names):
        result = BacktestResult.read(path / "backtests" / name, record[name])
        print_text("\n" + summarise(result, terminal("backtest", name)))


def _print_sweeps(path: Path, names: list[str]) -> None:
    from aftershock.runs.history import read_run

    record = read_run(path).manifest["backtests"]
    for name in dict.fromkeys(names):
        print_text("\n" + record[name]["sweep"]["summary"])
