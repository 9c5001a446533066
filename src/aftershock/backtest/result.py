"""What a backtest came to: frames, figures, conventions, and what to be wary of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aftershock.tables import read_table, write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from matplotlib.axes import Axes

    from aftershock.locale import Code

FILES = {
    "equity": "equity.csv",
    "positions": "positions.csv",
    "trades": "trades.csv",
    "orders": "orders.csv",
    "costs": "costs.csv",
    "versus": "versus.csv",
    "events": "events.csv",
}


@dataclass(frozen=True, slots=True, eq=False)
class BacktestResult:
    """Result of one backtest; money in the prices' currency, fractions as decimals.

    Attributes
    ----------
    name, params
        The strategy and its parameters.
    equity
        One row per session: equity, cash, long, short (positive), accrued borrow, and the
        benchmark bought with the same cash at the first close.
    positions
        Shares held at each close by trade, flat sessions left out.
    trades
        One row per round trip; ``open`` ones are marked at the last close.
    orders
        Every order, rejected ones with the reason.
    costs
        Every item of cost of every trade.
    events
        Every selected event, with what came of it.
    metrics
        Figures of the run; None where one is not defined.
    versus
        Strategy beside benchmark.
    conventions
        What was assumed, in words.
    warnings
        What to be wary of, one sentence each.
    is_market_data
        False on a reconstruction.
    """

    name: str
    params: dict[str, Any]
    equity: pd.DataFrame
    positions: pd.DataFrame
    trades: pd.DataFrame
    orders: pd.DataFrame
    costs: pd.DataFrame
    events: pd.DataFrame
    metrics: dict[str, Any]
    versus: pd.DataFrame
    conventions: dict[str, str]
    warnings: tuple[str, ...]
    is_market_data: bool = True

    @property
    def returns(self) -> pd.Series[float]:
        """Session returns of equity, decimals; the first session has none."""
        series = self.equity.set_index("session")["equity"].pct_change()
        return series.iloc[1:].rename("return")

    def summary(self) -> str:
        """Return figures, trades and warnings as text."""
        from aftershock.backtest.text import summarise

        return summarise(self)

    def plot(self, *, ax: Axes | None = None, lang: Code = "en") -> Axes:
        """Draw equity against the benchmark on the same capital, labels in a language."""
        from aftershock.backtest.plot import draw_equity

        return draw_equity(self, ax=ax, lang=lang)

    def save(self, folder: str | Path) -> list[Path]:
        """Write every table as CSV and the figures as JSON; return the files' paths."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, file in FILES.items():
            paths.append(write_table(getattr(self, name), folder / file))
        metrics = folder / "metrics.json"
        metrics.write_text(json.dumps(self.metrics, indent=2, ensure_ascii=False) + "\n", "utf-8")
        return [*paths, metrics]

    @classmethod
    def read(
        cls,
        folder: str | Path,
        record: Mapping[str, Any],
        *,
        table: Callable[[Path], pd.DataFrame] = read_table,
    ) -> BacktestResult:
        """Read a saved result.

        Parameters
        ----------
        folder
            Where ``save`` wrote it.
        record
            Its ``name``, ``params``, ``conventions``, ``warnings`` and ``is_market_data``, as
            a run's manifest keeps them.
        table
            How one CSV file is read.
        """
        folder = Path(folder)
        return cls(
            **{name: table(folder / file) for name, file in FILES.items()},
            metrics=json.loads((folder / "metrics.json").read_text("utf-8")),
            name=record["name"],
            params=dict(record["params"]),
            conventions=dict(record["conventions"]),
            warnings=tuple(record["warnings"]),
            is_market_data=record["is_market_data"],
        )

    @property
    def record(self) -> dict[str, Any]:
        """What a run's manifest keeps of the result besides its tables."""
        return {
            "name": self.name,
            "params": self.params,
            "conventions": self.conventions,
            "warnings": list(self.warnings),
            "is_market_data": self.is_market_data,
        }

    def _repr_html_(self) -> str:
        """Return name, notice, comparison and trades for a notebook."""
        from aftershock.backtest.text import as_html

        return as_html(self)

    def __repr__(self) -> str:
        return (
            f"<BacktestResult '{self.name}': {len(self.trades)} trades, total return"
            f" {self.metrics['total_return']:.2%}>"
        )
