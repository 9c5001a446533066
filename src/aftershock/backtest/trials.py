"""Many runs of one strategy on one stage: a rule over arrays, anything else in processes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.backtest.blame import blamed
from aftershock.backtest.memory import forgetful
from aftershock.backtest.money import from_cents
from aftershock.backtest.processes import in_processes
from aftershock.backtest.rule_account import Leg
from aftershock.backtest.rule_engine import RuleEngine
from aftershock.errors import AftershockError, BacktestError
from aftershock.interrupts import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aftershock.arrays import FloatArray, IntArray
    from aftershock.backtest.ledger import Ledger
    from aftershock.backtest.rule_account import RuleRun
    from aftershock.backtest.run import Backtest, Origin
    from aftershock.backtest.stage import Stage
    from aftershock.backtest.strategy import EventStrategy

ARRAYS, BACKTRADER = "arrays", "backtrader"
_CHUNKS = 8  # of the runs left to processes, for each of them
_ALONE = 4  # runs that are not worth a process


class HandedOverError(BacktestError):
    """More runs than may be would have to go through backtrader."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one run came to, money.

    Attributes
    ----------
    equity : ndarray, shape (S,)
        At each close; a ruined account stays at its last.
    net
        Profit of each event traded, all its trades together.
    trades
        Number of round trips.
    engine, note
        What ran it, and why not the arrays.
    reach
        Offsets of the first entry and the last exit from their events, where backtrader ran
        it; None without a trade.
    is_open
        True where a trade is still open at the end.
    """

    equity: FloatArray
    net: dict[str, float]
    trades: int
    engine: str
    note: str = ""
    reach: tuple[int, int] | None = None
    is_open: bool = False

    @property
    def profit(self) -> float:
        """What was earned, charges, borrow and open positions included."""
        return float(self.equity[-1] - self.equity[0])


@dataclass(frozen=True, slots=True)
class Plan:
    """One run to make: parameters, and where the events lie if not where they happened.

    Attributes
    ----------
    params
        Parameters, checked and complete.
    day_zero : ndarray, shape (E,)
        Row of each of the agenda's events; None leaves them.
    """

    params: Mapping[str, Any]
    day_zero: IntArray | None = None


def run_all(
    backtest: Backtest,
    stage: Stage,
    plans: Sequence[Plan],
    *,
    jobs: int = -1,
    step: Callable[[int], None] = lambda _: None,
    handed: int | None = None,
) -> list[Trial]:
    """Run every plan; the parameters are those of ``attempt_all``.

    Raises
    ------
    AftershockError
        The first that a run raised.
    """
    trials = []
    for trial in attempt_all(backtest, stage, plans, jobs=jobs, step=step, handed=handed):
        if isinstance(trial, AftershockError):
            raise trial
        trials.append(trial)
    return trials


def attempt_all(
    backtest: Backtest,
    stage: Stage,
    plans: Sequence[Plan],
    *,
    jobs: int = -1,
    step: Callable[[int], None] = lambda _: None,
    handed: int | None = None,
) -> list[Trial | AftershockError]:
    """Run every plan, or return why it cannot run; a rule over arrays where they can.

    Parameters
    ----------
    backtest, stage
        The strategy and what it runs on.
    plans
        The runs.
    jobs
        Processes for what backtrader runs; -1 for one a core.
    step
        Called with the number of runs that have just been made.
    handed
        Runs of a rule that may be handed over to backtrader; None for any number.

    Raises
    ------
    HandedOverError
        More of them would have to be.
    """
    made: dict[int, Trial | AftershockError] = {}
    left: dict[int, str] = {}
    if backtest.strategy.is_rule():
        runner = _RuleRunner(backtest.strategy, stage)
        with forgetful(backtest.strategy), watched():
            for row, plan in enumerate(plans):
                trial = runner.attempt(plan)
                if isinstance(trial, str):
                    left[row] = trial
                else:
                    made[row] = trial
                    step(1)
    else:
        left = dict.fromkeys(range(len(plans)), "the strategy decides day by day")
    if handed is not None and len(left) > handed:
        raise HandedOverError(f"{len(left):,} of {len(plans):,} runs are not for arrays")
    made |= _in_processes(backtest, stage, plans, left, jobs, step)
    return [made[row] for row in range(len(plans))]


class _RuleRunner:
    """Runs plans of a rule over arrays."""

    def __init__(self, strategy: type[EventStrategy], stage: Stage) -> None:
        self._strategy = strategy
        self._entries = stage.agenda.entries
        self._engine = RuleEngine(
            stage.panel, stage.agenda, stage.exchange, stage.instrument, stage.cash
        )

    def attempt(self, plan: Plan) -> Trial | AftershockError | str:
        """Return the trial, why it cannot run, or why it must be handed over."""
        try:
            with blamed(self._strategy):
                run = self._run(plan)
        except AftershockError as cause:
            return cause
        return run.handed_over or self._trial(run)

    def _run(self, plan: Plan) -> RuleRun:
        params = self._strategy.Params(**plan.params)
        legs = []
        for row, entry in enumerate(self._entries):
            rule = params.rule(entry.event)
            if rule is None:
                continue
            shift = 0 if plan.day_zero is None else int(plan.day_zero[row]) - entry.day_zero
            legs.append(
                Leg(
                    entry.event.id, entry.event.ticker, entry.day_zero + shift,
                    entry.known_from + shift, rule,
                )
            )  # fmt: skip
        return self._engine.run(legs)

    def _trial(self, run: RuleRun) -> Trial:
        net: dict[str, float] = {}
        for trade in run.trades:
            net[trade.event] = net.get(trade.event, 0.0) + from_cents(trade.net)
        still = any(trade.exit < 0 for trade in run.trades)
        return Trial(run.equity / 100, net, len(run.trades), ARRAYS, is_open=still)


def _in_processes(
    backtest: Backtest,
    stage: Stage,
    plans: Sequence[Plan],
    left: Mapping[int, str],
    jobs: int,
    step: Callable[[int], None],
) -> dict[int, Trial | AftershockError]:
    if not left:
        return {}
    rows = list(left)
    from joblib import delayed, effective_n_jobs

    workers = effective_n_jobs(jobs) if len(rows) > _ALONE else 1
    count = min(len(rows), workers * _CHUNKS) if workers > 1 else len(rows)
    chunks = [rows[first::count] for first in range(count)]
    work = (
        delayed(_trade_all)(backtest.origin, stage, [plans[row] for row in part]) for part in chunks
    )
    made: dict[int, Trial | AftershockError] = {}
    for part, trials in zip(chunks, in_processes(work, workers), strict=True):
        made |= {
            row: replace(trial, note=left[row]) if isinstance(trial, Trial) else trial
            for row, trial in zip(part, trials, strict=True)
        }
        step(len(part))
    return made


def _trade_all(
    origin: Origin | type[EventStrategy], stage: Stage, plans: Sequence[Plan]
) -> list[Trial | AftershockError]:
    """Run plans through backtrader; a process is given the strategy's file, not its class."""
    cls = origin if isinstance(origin, type) else origin.load()
    return [_attempt(cls, stage, plan) for plan in plans]


def _attempt(cls: type[EventStrategy], stage: Stage, plan: Plan) -> Trial | AftershockError:
    try:
        return _trade(cls, stage, plan)
    except AftershockError as cause:
        return cause


def _trade(cls: type[EventStrategy], stage: Stage, plan: Plan) -> Trial:
    where = stage if plan.day_zero is None else stage.moved(plan.day_zero)
    ledger = where.trade(cls, plan.params).ledger
    net: dict[str, float] = {}
    for trade in ledger.trades:
        earned = trade.gross(ledger.closes[trade.ticker]) - trade.fees - trade.borrow()
        net[trade.event] = net.get(trade.event, 0.0) + from_cents(earned)
    equity = np.array([from_cents(balance.equity) for balance in ledger.balances])
    missing = len(stage.panel.sessions) - equity.size
    return Trial(
        np.pad(equity, (0, missing), mode="edge"),
        net,
        len(ledger.trades),
        BACKTRADER,
        reach=traded_reach(ledger, where),
        is_open=any(trade.is_open for trade in ledger.trades),
    )


def traded_reach(ledger: Ledger, stage: Stage) -> tuple[int, int] | None:
    """Return the offsets of the first entry and the last exit in the books; None without any.

    A trade that is still open reaches to the last session.
    """
    zeros = {entry.event.id: entry.day_zero for entry in stage.agenda.entries}
    sessions = stage.panel.sessions
    offsets = [
        sessions.position(day) - zeros[trade.event]
        for trade in ledger.trades
        for day in (
            trade.entries[0].session,
            sessions.last if trade.is_open else trade.exits[-1].session,
        )
    ]
    return (min(offsets), max(offsets)) if offsets else None
