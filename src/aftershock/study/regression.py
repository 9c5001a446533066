"""All events of a stock in one regression, so that overlapping ones share what is theirs.

The covariance is the classical one. A heteroskedasticity- or autocorrelation-consistent one
is refused: a dummied session has a residual of zero, the sandwich collapses, and the test
rejects almost always (Ford, Jackson and Skinner 2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats
from scipy.linalg import qr

from aftershock.errors import StudyError
from aftershock.study.inference.outcome import two_sided_t
from aftershock.study.models.estimate import EXACT, check_identified

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aftershock.arrays import BoolArray, FloatArray, IntArray
    from aftershock.study.models import Design

REFUSED = (
    "a dummied session has no residual of its own, so a sandwich covariance collapses and the"
    " test rejects almost always; the classical covariance is used"
)


@dataclass(frozen=True, slots=True)
class EventParameter:
    """One event's parameter.

    Attributes
    ----------
    event
        Its id, or several ids that share every session.
    sessions
        Sessions of its window that have a return.
    car, se, t, dof, p_value
        The window's CAR: sessions times the parameter. NaN where the windows of other events
        add up to this one's, so that no regression can tell them apart.
    """

    event: str
    sessions: int
    car: float
    se: float
    t: float
    dof: int
    p_value: float


@dataclass(frozen=True, slots=True)
class EventRegression:
    """The event-parameter regression of one stock over one window.

    Attributes
    ----------
    parameters
        One per event, or per group of events that cannot be separated.
    f, f_dof, f_p
        Exact F test of all parameters being 0.
    n
        Sessions in the regression.
    left_out
        Events of which no session has a return.
    """

    parameters: tuple[EventParameter, ...]
    f: float
    f_dof: tuple[int, int]
    f_p: float
    n: int
    left_out: tuple[str, ...] = ()


def event_regression(
    y: FloatArray,
    design: Design,
    windows: Mapping[str, BoolArray],
    *,
    covariance: str = "classical",
) -> EventRegression:
    r"""Regress a stock's returns on the model and one dummy per event.

    Parameters
    ----------
    y : ndarray, shape (S,)
        Returns, NaN where missing.
    design
        The model's right-hand side over the same rows.
    windows
        Event to its sessions, shape (S,) of True and False.
    covariance
        ``"classical"``; anything else is refused.

    Returns
    -------
    EventRegression
        :math:`R_t = x_t'b + \sum_k g_k D_{kt} + e_t`. Events whose windows overlap without
        being equal are separated; events with equal windows are one parameter together; of
        windows that add up to one another (a, b, and one over both) none has an estimate,
        and those of the other events stand. A session without a return is not in the
        regression; ``sessions`` says how many of an event's are.

    Raises
    ------
    StudyError
        Another covariance is asked for, no event has a session with a return, the model
        itself is not identified, or there are fewer sessions than parameters.

    References
    ----------
    Schipper and Thompson (1983), *Journal of Accounting Research* 21(1); Binder (1998),
    *Review of Quantitative Finance and Accounting* 11(2).
    """
    if covariance != "classical":
        raise StudyError(f'covariance="{covariance}" is refused: {REFUSED}')
    usable = np.isfinite(y) & design.usable
    groups = _separable({name: at & usable for name, at in windows.items()})
    dummies = np.column_stack([at for _, at in groups])[usable].astype(float)
    own, target = design.regressors[usable], (y - design.fixed)[usable]
    if design.names:
        check_identified(design.names, own, len(own))
    x = np.column_stack([own, dummies])
    if len(x) <= x.shape[1]:
        raise StudyError(f"{len(x)} sessions cannot identify {x.shape[1]} parameters")
    kept, identified = _independent(x)
    from statsmodels.regression.linear_model import OLS

    fit = OLS(target, x[:, kept]).fit()
    dof, k = len(x) - kept.size, own.shape[1]
    if fit.mse_resid < EXACT**2:
        raise StudyError("the model explains every return exactly; nothing measures chance")
    g, se = (_spread(values, kept, identified)[k:] for values in (fit.params, fit.bse))
    parameters = tuple(
        _parameter(name, int(dummies[:, i].sum()), float(g[i]), float(se[i]), dof)
        for i, (name, _) in enumerate(groups)
    )
    q = kept.size - k
    f = float((_rss(target, own) - fit.ssr) / q / (fit.ssr / dof))
    p = float(stats.f.sf(f, q, dof))
    left_out = tuple(name for name, at in windows.items() if not (at & usable).any())
    return EventRegression(parameters, f, (q, dof), p, len(x), left_out)


def _parameter(name: str, sessions: int, g: float, se: float, dof: int) -> EventParameter:
    t = g / se
    p = float(two_sided_t(t, dof))
    return EventParameter(name, sessions, sessions * g, sessions * se, t, dof, p)


def _independent(x: FloatArray) -> tuple[IntArray, BoolArray]:
    """Return columns that span what all of them span, and which have a coefficient of their own.

    A column has one where it is no combination of the others; every spanning set holds it.
    """
    scaled = x / np.abs(x).max(axis=0)
    _, values, rows = np.linalg.svd(scaled, full_matrices=False)
    null = rows[values < values[0] * max(x.shape) * np.finfo(float).eps]
    *_, pivot = qr(scaled, mode="economic", pivoting=True)
    kept = np.sort(pivot[: x.shape[1] - len(null)])
    return kept, np.asarray((np.abs(null) < _NO_PART).all(axis=0))


_NO_PART = 1e-8


def _spread(values: FloatArray, kept: IntArray, identified: BoolArray) -> FloatArray:
    """Return the kept columns' values in every column's place, NaN where not identified."""
    out = np.full(identified.size, np.nan)
    out[kept] = values
    return np.where(identified, out, np.nan)


def _rss(y: FloatArray, x: FloatArray) -> float:
    """Return the residual sum of squares of a regression; x may have no columns."""
    residuals = y - x @ np.linalg.lstsq(x, y)[0] if x.shape[1] else y
    return float(residuals @ residuals)


def _separable(windows: Mapping[str, BoolArray]) -> list[tuple[str, BoolArray]]:
    """Return events by the sessions they cover, those with equal ones under one name."""
    groups: dict[bytes, tuple[list[str], BoolArray]] = {}
    for name, at in windows.items():
        if at.any():
            groups.setdefault(at.tobytes(), ([], at))[0].append(name)
    if not groups:
        raise StudyError("no event has a session with a return")
    return [(" + ".join(names), at) for names, at in groups.values()]
