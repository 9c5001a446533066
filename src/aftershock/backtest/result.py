"""What a backtest came to: frames, figures, conventions, and what to be wary of."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.backtest.compare import beside, drawdown_table, riskless, versus_table
from aftershock.backtest.hedge import RULE
from aftershock.backtest.luck.tables import (
    event_nets,
    influence_table,
    luck_table,
    placebo_table,
)
from aftershock.backtest.luck.verdict import Trials, judge
from aftershock.backtest.metrics import changes
from aftershock.formats import counted
from aftershock.prices.tickers import canonical
from aftershock.tables import read_table, write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes

    from aftershock.backtest.placebo import Placebo
    from aftershock.locale import Code
    from aftershock.prices.panel import PricePanel

SEED = 0
FILES = {
    "equity": "equity.csv",
    "positions": "positions.csv",
    "trades": "trades.csv",
    "orders": "orders.csv",
    "costs": "costs.csv",
    "borrow_grid": "borrow_grid.csv",
    "versus": "versus.csv",
    "events": "events.csv",
    "drawdowns": "drawdowns.csv",
    "luck": "luck.csv",
    "influence": "influence.csv",
    "placebo": "placebo.csv",
}
DERIVED = ("drawdowns", "luck", "influence", "placebo")  # from the others, where not given


@dataclass(frozen=True, slots=True, eq=False)
class BacktestResult:
    """Result of one backtest; money in the prices' currency, fractions as decimals.

    Attributes
    ----------
    name, params
        The strategy and its parameters.
    equity
        One row per session: equity, cash, long, short (positive), accrued borrow, the
        benchmark bought with the same cash at the first close, the strategy with its shorts
        hedged by an index leg, and further benchmarks.
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
    borrow_grid
        Net profit at each borrow fee a year, on the same trades.
    metrics
        Figures of the run; None where one is not defined.
    versus
        Strategy, benchmark and the hedged strategy side by side.
    conventions
        What was assumed, in words.
    warnings
        What to be wary of, one sentence each.
    is_market_data
        False on a reconstruction.
    drawdowns
        The deepest falls of each of them.
    luck
        Whether it could be luck: every check with its answer, or why it has none.
    influence
        What is left without each event.
    placebo
        Net profit of each placebo; no rows where none was run.
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
    borrow_grid: pd.DataFrame
    conventions: dict[str, str]
    warnings: tuple[str, ...]
    is_market_data: bool = True
    drawdowns: pd.DataFrame = field(default_factory=pd.DataFrame)
    luck: pd.DataFrame = field(default_factory=pd.DataFrame)
    influence: pd.DataFrame = field(default_factory=pd.DataFrame)
    placebo: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __post_init__(self) -> None:
        """Work out the tables that follow from the others and were not given."""
        make = {
            "drawdowns": lambda: drawdown_table(self.equity),
            "luck": lambda: self._luck(SEED, None, None),
            "influence": lambda: influence_table(self.trades, self.equity["equity"].iloc[0]),
            "placebo": lambda: placebo_table(np.empty(0)),
        }
        object.__setattr__(self, "conventions", {**self.conventions, "hedged": RULE})
        for name in DERIVED:
            if getattr(self, name).columns.empty:
                object.__setattr__(self, name, make[name]())

    def _luck(self, seed: int, placebo: Placebo | None, trials: Trials | None) -> pd.DataFrame:
        moves = changes(self.equity["equity"].to_numpy("float64"))
        checks = judge(
            np.asarray(event_nets(self.trades), dtype=np.float64),
            moves[np.isfinite(moves)],
            seed=seed,
            placebo=None if placebo is None else placebo.check,
            trials=trials,
        )
        return luck_table(checks)

    @property
    def returns(self) -> pd.Series[float]:
        """Session returns of equity, decimals; the first session has none."""
        series = self.equity.set_index("session")["equity"].pct_change()
        return series.iloc[1:].rename("return")

    def against(self, prices: PricePanel, *tickers: str) -> BacktestResult:
        """Return the result with further benchmarks, bought with the same cash.

        Parameters
        ----------
        prices
            The panel of the run.
        tickers
            Each becomes a column of ``equity`` and ``versus``, from its first close in the
            run on; one without closes there is left out, and ``conventions`` say so.
        """
        if not tickers:
            return self
        equity = self.equity.copy()
        said = []
        for ticker in (canonical(name, prices.sessions.calendar) for name in tickers):
            levels = beside(prices, ticker, equity)
            if levels is None:
                said.append(f"{ticker} has no prices here")
                continue
            equity[ticker] = levels
            first = equity.loc[equity[ticker].notna(), "session"].iloc[0]
            said.append(f"{ticker} from {first:%Y-%m-%d}")
        return replace(
            self,
            equity=equity,
            versus=versus_table(
                equity,
                self.trades,
                self.orders,
                riskless(prices, equity["session"]),
                self.metrics["interest"],
            ),
            drawdowns=drawdown_table(equity),
            conventions={**self.conventions, "further benchmarks": "; ".join(said)},
        )

    def judged(
        self, *, seed: int, placebo: Placebo | None = None, trials: Trials | None = None
    ) -> BacktestResult:
        """Return the result with every check of whether it is luck.

        Parameters
        ----------
        seed
            Of the resampling.
        placebo
            The same rule where nothing happened.
        trials
            What a sweep tried before these parameters were chosen.
        """
        draws = np.empty(0) if placebo is None else placebo.draws
        return replace(self, luck=self._luck(seed, placebo, trials), placebo=placebo_table(draws))

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
            **{
                name: table(folder / file)
                for name, file in FILES.items()
                if name not in DERIVED or (folder / file).is_file()
            },
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
            f"<BacktestResult '{self.name}': {counted(len(self.trades), 'trade')}, total return"
            f" {self.metrics['total_return']:.2%}>"
        )
