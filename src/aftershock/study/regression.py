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

from aftershock.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aftershock.arrays import BoolArray, FloatArray
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
        Its id, or several ids that share every session and cannot be separated.
    car, se, t, dof, p_value
        The window's CAR: sessions times the parameter.
    """

    event: str
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
    """

    parameters: tuple[EventParameter, ...]
    f: float
    f_dof: tuple[int, int]
    f_p: float
    n: int


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
        being equal are separated; events with equal windows are one parameter together.

    Raises
    ------
    StudyError
        Another covariance is asked for, an event has no session with a return, or there are
        fewer sessions than parameters.

    References
    ----------
    Schipper and Thompson (1983), *Journal of Accounting Research* 21(1); Binder (1998),
    *Review of Quantitative Finance and Accounting* 11(2).
    """
    if covariance != "classical":
        raise StudyError(f'covariance="{covariance}" is refused: {REFUSED}')
    usable = np.isfinite(y) & design.usable
    groups = _separable({name: at & usable for name, at in windows.items()})
    dummies = np.column_stack([at for _, at in groups]).astype(float)
    x = np.column_stack([design.regressors, dummies])[usable]
    k = design.regressors.shape[1]
    if np.linalg.matrix_rank(x) < x.shape[1] or len(x) <= x.shape[1]:
        names = ", ".join(name for name, _ in groups)
        raise StudyError(f"the windows of {names} cannot be separated from one another")
    from statsmodels.regression.linear_model import OLS

    fit = OLS((y - design.fixed)[usable], x).fit()
    lengths = dummies[usable].sum(axis=0)
    car, se = lengths * fit.params[k:], lengths * fit.bse[k:]
    dof = int(fit.df_resid)
    parameters = tuple(
        EventParameter(
            name, float(c), float(s), float(c / s), dof, float(2 * stats.t.sf(abs(c / s), dof))
        )
        for (name, _), c, s in zip(groups, car, se, strict=True)
    )
    restriction = np.eye(x.shape[1])[k:]
    joint = fit.f_test(restriction)
    f = float(np.squeeze(joint.fvalue))
    return EventRegression(
        parameters, f, (len(groups), dof), float(joint.pvalue), int(usable.sum())
    )


def _separable(windows: Mapping[str, BoolArray]) -> list[tuple[str, BoolArray]]:
    """Return events by the sessions they cover, those with equal ones under one name."""
    groups: dict[bytes, tuple[list[str], BoolArray]] = {}
    for name, at in windows.items():
        if at.any():
            groups.setdefault(at.tobytes(), ([], at))[0].append(name)
    if not groups:
        raise StudyError("no event has a session with a return")
    return [(" + ".join(names), at) for names, at in groups.values()]
