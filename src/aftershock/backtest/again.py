"""Cells of a sweep run again by backtrader, and compared with what they replace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.backtest.luck.tables import event_nets
from aftershock.backtest.trials import ARRAYS
from aftershock.errors import BacktestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aftershock.arrays import FloatArray
    from aftershock.backtest.result import BacktestResult
    from aftershock.backtest.run import Backtest
    from aftershock.backtest.trials import Trial
    from aftershock.events.book import EventBook
    from aftershock.prices.panel import PricePanel

_CENT = 0.005  # of money; sums of cents as floats are off by less


@dataclass(frozen=True, slots=True)
class Again:
    """Runs cells through backtrader, each once.

    Attributes
    ----------
    backtest, events, prices, benchmark
        As for a run.
    """

    backtest: Backtest
    events: EventBook
    prices: PricePanel
    benchmark: str
    _results: list[tuple[Mapping[str, Any], BacktestResult]] = field(default_factory=list)

    def run(self, params: Mapping[str, Any]) -> BacktestResult:
        """Return the run of one set of parameters."""
        for earlier, result in self._results:
            if earlier == params:
                return result
        result = self._fresh(params)
        self._results.append((params, result))
        return result

    def compare(
        self, cell: Mapping[str, Any], params: Mapping[str, Any], trial: Trial | None
    ) -> None:
        """Raise BacktestError where a cell comes out otherwise than in the sweep."""
        result = self.run(params)
        if trial is None or not (difference := _difference(trial, result)):
            return
        where = ", ".join(f"{name}={value}" for name, value in cell.items())
        raise BacktestError(
            f"{self.backtest.name} at {where} is not the same when run again: {difference};"
            f" {self._cause(params, trial, result)}"
        )

    def _fresh(self, params: Mapping[str, Any]) -> BacktestResult:
        backtest = self.backtest.with_params(params)
        return backtest.run(self.events, self.prices, benchmark=self.benchmark, placebos=0)

    def _cause(self, params: Mapping[str, Any], trial: Trial, result: BacktestResult) -> str:
        """Return why two runs differ, as far as a third can tell."""
        first, third = (one.equity["equity"] for one in (result, self._fresh(params)))
        if trial.engine == ARRAYS and first.equals(third):
            return (
                "arrays and backtrader differ, the rule says other things when asked again or this"
                " is an error of aftershock's"
            )
        return (
            "the strategy draws random numbers of its own, or keeps something from one run to the"
            " next where no other run should see it: seed the first, and keep state on self"
        )


def _difference(trial: Trial, result: BacktestResult) -> str:
    """Return the first difference between a cell and its run, empty where there is none."""
    equity = result.equity["equity"].to_numpy("float64")
    padded: FloatArray = np.pad(equity, (0, trial.equity.size - equity.size), mode="edge")
    apart = np.flatnonzero(np.abs(padded - trial.equity) > _CENT)
    if apart.size:
        row = int(apart[0])
        day = result.equity["session"].iloc[min(row, equity.size - 1)].date()
        return f"equity on {day} was {trial.equity[row]:,.2f} and is {padded[row]:,.2f}"
    if trial.trades != len(result.trades):
        return f"it made {trial.trades} trades and makes {len(result.trades)}"
    nets = {str(event): float(net) for event, net in event_nets(result.trades).items()}
    for event in sorted(trial.net.keys() | nets.keys()):
        was, now = trial.net.get(event, 0.0), nets.get(event, 0.0)
        if abs(was - now) > _CENT:
            return f"{event} made {was:,.2f} and makes {now:,.2f}"
    return ""
