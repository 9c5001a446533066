"""Several stocks with the same event dates in one system of regressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from aftershock.errors import StudyError
from aftershock.study.models import Market
from aftershock.study.units import Diary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aftershock.arrays import BoolArray
    from aftershock.events.book import EventBook, Selection
    from aftershock.prices.panel import PricePanel
    from aftershock.prices.returns import ReturnPanel
    from aftershock.study.study import Study

FEWEST = 2


@dataclass(frozen=True, slots=True, eq=False)
class SystemResult:
    """A seemingly unrelated system.

    Attributes
    ----------
    parameters
        One row per event and ticker: estimate, se, t, p of the day-0 parameter.
    joint
        One row per event: F tests that no stock moved, and that all moved alike.
    correlation
        Residual correlation of the stocks.
    left_out
        Events of all the stocks that are not in it, with the reason.
    """

    parameters: pd.DataFrame
    joint: pd.DataFrame
    correlation: pd.DataFrame
    left_out: Mapping[str, str]


def fit_system(
    study: Study, tickers: Sequence[str], events: EventBook, prices: PricePanel | ReturnPanel
) -> SystemResult:
    """Estimate a study's shared events for several stocks at once; see ``Study.fit_system``.

    Notes
    -----
    Zellner's estimator by linearmodels with the ``unadjusted`` covariance, debiased; a robust
    one would collapse on the dummied sessions as in ``event_regression``.

    References
    ----------
    Zellner (1962), *Journal of the American Statistical Association* 57(298); Binder (1985),
    *Journal of Accounting Research* 23(1).
    """
    if not study.model.is_linear:
        raise StudyError(f"a system needs a linear model, not the {study.model.label}")
    if len(set(tickers)) < FEWEST:
        raise StudyError(
            "a system needs at least two different tickers; for one, see the event regression"
        )
    try:
        from linearmodels.system import SUR
    except ImportError as cause:
        raise StudyError("a system needs linearmodels: pip install 'aftershock[models]'") from cause
    own = prices.returns(study.returns)
    design = study.model.design(Market(own, prices.column, prices.sessions))
    y = np.column_stack([own[:, prices.column(ticker)] for ticker in tickers])
    keep = np.isfinite(y).all(axis=1) & design.usable
    rows, left_out = _shared(tickers, events, prices, study.events, keep)
    dummies = {name: (np.arange(keep.size) == row).astype(float) for name, row in rows.items()}
    x = pd.DataFrame(design.regressors, columns=list(design.names)).join(pd.DataFrame(dummies))
    equations = {
        ticker: {
            "dependent": pd.Series((y[:, i] - design.fixed)[keep], name=ticker),
            "exog": x[keep].reset_index(drop=True),
        }
        for i, ticker in enumerate(tickers)
    }
    fit = SUR(equations).fit(cov_type="unadjusted", debiased=True)
    names = list(rows)
    return SystemResult(
        parameters=_parameters(fit, tickers, names),
        joint=_joint(fit, tickers, names, int(keep.sum()) - x.shape[1]),
        correlation=_correlation(fit, tickers),
        left_out=left_out,
    )


def _shared(
    tickers: Sequence[str],
    events: EventBook,
    prices: PricePanel | ReturnPanel,
    select: Selection,
    keep: BoolArray,
) -> tuple[dict[str, int], dict[str, str]]:
    """Return the row of day 0 of each event every ticker had, and why others are left out."""
    diary = Diary.of(events, prices.sessions)
    by_base: dict[str, dict[str, str]] = {}
    for event in events.select(select):
        by_base.setdefault(event.base_id, {})[event.ticker] = event.id
    rows: dict[str, int] = {}
    left_out: dict[str, str] = {}
    for base, own in by_base.items():
        if not all(ticker in own for ticker in tickers):
            continue
        zero = diary.zeros[own[tickers[0]]]
        at = None if zero.session is None else prices.sessions.find(zero.session)
        if zero.last is not None or zero.session is None:
            left_out[base] = zero.reason or "a range of days has no day 0"
        elif at is None or not keep[at]:
            left_out[base] = f"not every stock and benchmark has a return on {zero.session}"
        elif at in rows.values():
            same = next(name for name, row in rows.items() if row == at)
            left_out[base] = f"not separable from {same}: the same session"
        else:
            rows[base] = at
    if not rows:
        why = "".join(f"; {name}: {reason}" for name, reason in left_out.items())
        raise StudyError(
            f"no selected event with a day 0 happened to all of {', '.join(tickers)}{why}"
        )
    return rows, left_out


def _parameters(fit: object, tickers: Sequence[str], names: list[str]) -> pd.DataFrame:
    params, errors, t, p = (
        getattr(fit, name) for name in ("params", "std_errors", "tstats", "pvalues")
    )
    rows = [
        (name, ticker, *(float(column[f"{ticker}_{name}"]) for column in (params, errors, t, p)))
        for name in names
        for ticker in tickers
    ]
    return pd.DataFrame(rows, columns=["event", "ticker", "car", "se", "t", "p_value"])


def _joint(fit: object, tickers: Sequence[str], names: list[str], dof: int) -> pd.DataFrame:
    params, cov = fit.params, fit.cov  # type: ignore[attr-defined]
    rows = []
    for name in names:
        labels = [f"{ticker}_{name}" for ticker in tickers]
        g = params[labels].to_numpy("float64")
        v = cov.loc[labels, labels].to_numpy("float64")
        contrast = np.eye(len(g))[1:] - np.eye(len(g))[:-1]
        for null, r in (("no stock moved", np.eye(len(g))), ("all moved alike", contrast)):
            f = float((r @ g) @ np.linalg.solve(r @ v @ r.T, r @ g)) / len(r)
            rows.append((name, null, f, len(r), dof, float(stats.f.sf(f, len(r), dof))))
    return pd.DataFrame(rows, columns=["event", "null", "f", "dof1", "dof2", "p_value"])


def _correlation(fit: object, tickers: Sequence[str]) -> pd.DataFrame:
    residuals = np.column_stack([np.asarray(fit.resids[ticker]) for ticker in tickers])  # type: ignore[attr-defined]
    return pd.DataFrame(np.corrcoef(residuals.T), index=list(tickers), columns=list(tickers))
