"""What a run is asked for: which studies, which backtests, and on what terms."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from aftershock.backtest.exchanges import Exchange
    from aftershock.backtest.run import Backtest
    from aftershock.workspace.load import Workspace


@dataclass(frozen=True, slots=True)
class Terms:
    """What differs from the settings in a backtest.

    Attributes
    ----------
    start, end
        First and last session.
    cash
        Starting cash.
    params
        Parameters of the strategy.
    borrow
        Borrow fee a year, decimal.
    costs
        False leaves out every charge, and the borrow fee where none is given.
    draws
        Placebos; None leaves it to ``Backtest.run``: 9,999 of a rule, none of a strategy that
        decides day by day.
    """

    start: dt.date | None = None
    end: dt.date | None = None
    cash: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    borrow: float | None = None
    costs: bool = True
    draws: int | None = None

    def backtest(self, workspace: Workspace, name: str) -> Backtest:
        """Return a strategy of the workspace on these terms.

        Raises
        ------
        BacktestError
            A parameter, the cash or the fee cannot be.
        """
        from aftershock.backtest.run import Backtest

        return Backtest(
            workspace.strategy(name),
            params=self.params,
            exchange=self.exchange(workspace.exchange()),
            cash=workspace.settings.cash if self.cash is None else self.cash,
            start=self.start,
            end=self.end,
        )

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return an exchange on these terms."""
        if not self.costs:
            exchange = replace(exchange, costs=False, borrow=0.0, borrow_rates={})
        if self.borrow is None:
            return exchange
        return replace(exchange, borrow=self.borrow, borrow_rates={})


@dataclass(frozen=True, slots=True)
class Request:
    """What to run.

    Attributes
    ----------
    studies, strategies
        Names; None runs all of them.
    source
        Price source instead of the settings'.
    command
        What the manifest says made the run.
    terms
        What differs from the settings in the backtests.
    offline
        Serve stored prices, ask nobody.
    grid
        Values of each parameter: every strategy is swept over it.
    """

    studies: Sequence[str] | None = None
    strategies: Sequence[str] | None = None
    source: str | None = None
    command: str = "aftershock.run"
    terms: Terms = field(default_factory=Terms)
    offline: bool = False
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
