"""One event fitted: abnormal returns with the covariance of their prediction errors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from aftershock.formats import counted
from aftershock.study.inference.outcome import two_sided_t
from aftershock.study.models.estimate import EXACT, NotEstimable
from aftershock.study.windows import Window, estimation_rows, rows

if TYPE_CHECKING:
    from aftershock.arrays import BoolArray, FloatArray, IntArray
    from aftershock.prices.panel import ReturnKind
    from aftershock.study.models import Design, Estimate, Model


@dataclass(frozen=True, slots=True)
class EventFit:
    """Abnormal returns of one event over one window.

    Attributes
    ----------
    window
        Offsets the arrays run over, W of them.
    rows : ndarray, shape (W,)
        Panel row of each offset, -1 where the prices do not reach.
    actual, expected : ndarray, shape (W,)
        Returns and normal returns; NaN where a price is missing.
    covariance : ndarray, shape (W, W)
        Of the prediction errors; NaN where nothing was estimated.
    estimate
        The fitted model; None where the study has no estimation window.
    used : ndarray, shape (T,)
        Rows of the estimation window that were used.
    span : ndarray, shape (W,)
        Sessions each return runs over: 1, more over a bridged halt, 0 inside it and after the
        final value of a delisted stock.
    final
        Panel row of the final value, None where the stock has none. Nothing is held after it.
    """

    window: Window
    rows: IntArray
    actual: FloatArray
    expected: FloatArray
    covariance: FloatArray
    estimate: Estimate | None
    used: IntArray
    span: FloatArray
    final: int | None = None

    @property
    def step(self) -> FloatArray:
        """What each session adds to a CAR, shape (W,); 0 where the stock had no return to have."""
        return self.actual - self.expected

    @property
    def ar(self) -> FloatArray:
        """Abnormal returns, shape (W,); NaN inside a bridged halt and after the final value."""
        return np.where(self.span == 0, np.nan, self.step)

    @property
    def halted(self) -> BoolArray:
        """True inside a bridged halt, whose return is the one of the first trade after, (W,)."""
        over = self.rows > (np.inf if self.final is None else self.final)
        return np.asarray((self.span == 0) & ~over)

    def ended(self, final: int | None) -> EventFit:
        """Return the fit with nothing held after the row of a final value."""
        if final is None:
            return self
        over = self.rows > final
        either = over[:, None] | over
        return replace(
            self,
            actual=np.where(over, 0.0, self.actual),
            expected=np.where(over, 0.0, self.expected),
            covariance=np.where(either, 0.0, self.covariance) if self.estimate else self.covariance,
            span=np.where(over, 0.0, self.span),
            final=final,
        )

    @property
    def ar_se(self) -> FloatArray:
        """Standard errors of the abnormal returns, prediction error included, shape (W,)."""
        return np.where(np.isfinite(self.ar), np.sqrt(np.diag(self.covariance)), np.nan)


@dataclass(frozen=True, slots=True)
class Car:
    """A cumulated abnormal return over one window.

    Attributes
    ----------
    first, last
        Panel rows of the first and the last session.
    car, se, t, dof, p_value
        NaN where a return is missing or nothing was estimated.
    bhar
        Buy-and-hold abnormal return over the same sessions.
    alpha_part
        The part of the normal return over the window that is the estimated constant.
    """

    first: int
    last: int
    car: float
    se: float
    t: float
    dof: float
    p_value: float
    bhar: float
    alpha_part: float


def fit_event(
    y: FloatArray,
    model: Model,
    design: Design,
    day_zero: int,
    *,
    window: Window,
    estimation: Window | None,
    min_obs: int,
    skip: BoolArray | None = None,
) -> EventFit:
    """Fit the model before one event and predict its window.

    Parameters
    ----------
    y : ndarray, shape (S,)
        Returns of the stock, decimals, NaN where missing.
    model, design
        The model and its right-hand side over the same rows.
    day_zero
        Row of day 0.
    window, estimation
        Event window and estimation window; without the latter nothing is estimated and the
        design's fixed part is the normal return.
    min_obs
        Fewest returns the estimation window may hold.
    skip : ndarray, shape (S,)
        Rows to leave out of the estimation window.

    Raises
    ------
    NotEstimable
        The estimation window holds fewer than ``min_obs``, cannot carry the model, or is
        explained to the last digit.
    """
    at, inside = rows(day_zero, window, y.size)
    actual = np.where(inside, y[at], np.nan)
    where = np.where(inside, at, -1)
    if estimation is None:
        expected = np.where(inside, design.fixed[at], np.nan)
        unknown = np.full((window.length, window.length), np.nan)
        none = np.empty(0, np.int64)
        return EventFit(window, where, actual, expected, unknown, None, none, design.sessions[at])
    used = estimation_rows(day_zero, estimation, design.estimable(y), skip)
    if used.size < min_obs:
        raise too_few(used.size, estimation, min_obs)
    estimate = model.estimate(design, y, used, at)
    if estimate.sigma < EXACT:
        raise no_spread(model.label)
    expected = np.where(inside, estimate.expected, np.nan)
    return EventFit(
        window, where, actual, expected, estimate.covariance, estimate, used, design.sessions[at]
    )


def too_few(count: int, estimation: Window, min_obs: int) -> NotEstimable:
    """Return the reason for excluding an event whose estimation window is too short."""
    return NotEstimable(
        f"{counted(count, 'return')} in the estimation window {estimation}, at least {min_obs}"
        " needed"
    )


def no_spread(label: str) -> NotEstimable:
    """Return the reason for excluding an event whose model leaves no residual."""
    return NotEstimable(
        f"the {label} explains every return of the estimation window exactly, so that nothing"
        " measures chance: the benchmark repeats the stock, or the stock does not move"
    )


def cumulate(fit: EventFit, window: Window, kind: ReturnKind) -> Car:
    """Return the CAR of one window inside the fitted one.

    Parameters
    ----------
    fit
        The fitted event.
    window
        Offsets to cumulate, inside ``fit.window``.
    kind
        Whether the returns are simple or log, for the buy-and-hold return.

    Notes
    -----
    A missing return anywhere in the window makes everything NaN: a sum over fewer sessions
    would be another quantity. So does a window that ends inside a bridged halt, whose return
    comes with the first trade after it: it would repeat the CAR of a shorter window. A window
    that begins inside one has a first return that reaches back to the last close before it.
    After the final value of a delisted stock nothing is added; a window that begins after it has
    no CAR. The variance is ``1'V1`` with V the full covariance.
    """
    inside = window.within(fit.window)
    counted = 0.0 if fit.halted[inside][-1] else float(fit.span[inside].sum())
    car = float(fit.step[inside].sum()) if counted else float("nan")
    missing = not np.isfinite(car)
    se = float("nan") if missing else float(np.sqrt(fit.covariance[inside, inside].sum()))
    dof = float(fit.estimate.dof) if fit.estimate else float("nan")
    alpha = fit.estimate.alpha if fit.estimate else 0.0
    at = fit.rows[inside]
    return Car(
        first=int(at[0]),
        last=int(at[-1]),
        car=car,
        se=se,
        t=car / se if se > 0 else float("nan"),
        dof=dof,
        p_value=float(two_sided_t(car / se, dof)) if se > 0 else float("nan"),
        bhar=float(held(fit.actual[inside], kind) - held(fit.expected[inside], kind))
        if counted
        else float("nan"),
        alpha_part=alpha * counted,
    )


def path(fit: EventFit) -> tuple[FloatArray, FloatArray]:
    """Return the CAR from the window's first session to each session, and its standard error.

    Returns
    -------
    car, se : ndarray, shape (W,)
        NaN from the first missing return on, and inside a bridged halt.
    """
    car = np.where(fit.halted, np.nan, np.cumsum(fit.step))
    steps = np.tril(np.ones((fit.window.length, fit.window.length)))
    variance = np.einsum("ij,jk,ik->i", steps, np.nan_to_num(fit.covariance), steps)
    known = np.isfinite(car) & (variance > 0)
    return car, np.where(known, np.sqrt(variance), np.nan)


def held(returns: FloatArray, kind: ReturnKind) -> float:
    """Return the buy-and-hold return of a series of returns, as a simple return."""
    return float(np.prod(1.0 + returns) - 1.0 if kind == "simple" else np.expm1(returns.sum()))
