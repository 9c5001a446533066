"""Two engines for the same fits: one regression at a time, or all of them on arrays.

``statsmodels`` is the reference, one regression per event; ``arrays`` solves every linear fit
of a study at once and equals it to rounding. A model that is not linear is always fitted one
event at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from aftershock.errors import StudyError
from aftershock.study.fit import EventFit, fit_event, no_spread, too_few
from aftershock.study.models import Estimate, NotEstimable
from aftershock.study.models.batch import BatchEstimate, batch_least_squares
from aftershock.study.models.estimate import EXACT, not_identified
from aftershock.study.windows import Window, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.arrays import BoolArray, FloatArray, IntArray
    from aftershock.study.models import Design, Model

Engine = Literal["auto", "statsmodels", "arrays"]
MANY = 300  # fits from which on the arrays are worth it


@dataclass(frozen=True, slots=True)
class Job:
    """One fit to make.

    Attributes
    ----------
    y : ndarray, shape (S,)
        Returns of the stock.
    design
        Right-hand side over the same rows.
    day_zero
        Row of day 0.
    window
        Event window.
    skip : ndarray, shape (S,), or None
        Rows to leave out of the estimation window.
    final
        Row of the final value of a delisted stock; None where there is none.
    """

    y: FloatArray
    design: Design
    day_zero: int
    window: Window
    skip: BoolArray | None = None
    final: int | None = None

    @property
    def held(self) -> FloatArray:
        """Returns of whoever holds the stock, shape (S,); NaN after the final value."""
        over = np.arange(self.y.size) > (np.inf if self.final is None else self.final)
        return np.where(over, np.nan, self.y)


def choose(engine: Engine, model: Model, estimation: Window | None, jobs: int) -> Engine:
    """Return the engine that will run: ``arrays`` for many linear fits, if left to choose.

    Raises
    ------
    StudyError
        The arrays are asked for where they cannot be used, or the name is not known.
    """
    if engine not in {"auto", "statsmodels", "arrays"}:
        raise StudyError(f'engine="{engine}" is not known; write "auto", "statsmodels" or "arrays"')
    possible = model.is_linear and estimation is not None
    if engine == "arrays" and not possible:
        raise StudyError(f"the array engine cannot fit the {model.label}; leave engine out")
    if engine == "auto":
        return "arrays" if possible and jobs >= MANY else "statsmodels"
    return engine


def fit_all(
    jobs: Sequence[Job],
    model: Model,
    *,
    estimation: Window | None,
    min_obs: int,
    engine: Engine,
) -> list[EventFit | NotEstimable]:
    """Return every fit in order; one that cannot be made is its reason."""
    if engine == "arrays" and estimation is not None:
        return _on_arrays(jobs, model, estimation, min_obs)
    return [_one(job, model, estimation, min_obs) for job in jobs]


def _one(
    job: Job, model: Model, estimation: Window | None, min_obs: int
) -> EventFit | NotEstimable:
    try:
        return fit_event(
            job.y, model, job.design, job.day_zero, window=job.window, estimation=estimation,
            min_obs=min_obs, skip=job.skip,
        ).ended(job.final)  # fmt: skip
    except NotEstimable as reason:
        return reason


def _on_arrays(
    jobs: Sequence[Job], model: Model, estimation: Window, min_obs: int
) -> list[EventFit | NotEstimable]:
    """Fit jobs of equal shape together."""
    results: list[EventFit | NotEstimable | None] = [None] * len(jobs)
    groups: dict[tuple[Window, int], list[int]] = {}
    for i, job in enumerate(jobs):
        groups.setdefault((job.window, job.design.regressors.shape[1]), []).append(i)
    for (window, _), members in groups.items():
        fits = _group([jobs[i] for i in members], model, window, estimation, min_obs)
        for i, fit in zip(members, fits, strict=True):
            results[i] = fit
    return [result for result in results if result is not None]


def _group(
    jobs: list[Job], model: Model, window: Window, estimation: Window, min_obs: int
) -> list[EventFit | NotEstimable]:
    gathered = [_gather(job, window, estimation) for job in jobs]
    y, x, keep, fixed, x_window = (
        np.stack(part) for part in zip(*(g[:5] for g in gathered), strict=True)
    )
    first = jobs[0].design
    spans = np.stack(
        [job.design.sessions[rows(job.day_zero, window, job.y.size)[0]] for job in jobs]
    )
    batch = batch_least_squares(
        y, x, keep, fixed, x_window, has_constant=first.has_constant, span=spans
    )
    return [
        _unpack(job, model, gathered[i][5], gathered[i][6], batch, i, window, estimation, min_obs)
        for i, job in enumerate(jobs)
    ]


def _gather(
    job: Job, window: Window, estimation: Window
) -> tuple[FloatArray, FloatArray, BoolArray, FloatArray, FloatArray, IntArray, IntArray]:
    """Return one job's rows of the stacked arrays, weighted where returns span sessions."""
    at, inside = rows(job.day_zero, estimation, job.y.size)
    keep = inside & job.design.estimable(job.y)[at]
    if job.skip is not None:
        keep &= ~job.skip[at]
    to, there = rows(job.day_zero, window, job.y.size)
    root = job.design.root[at]
    y = (job.y[at] - job.design.fixed[at]) / root
    x = job.design.regressors[at] / root[:, None]
    own = np.where(there, job.design.fixed[to], np.nan)
    return y, x, keep, own, job.design.regressors[to], at[keep], np.where(there, to, -1)


def _unpack(
    job: Job,
    model: Model,
    used: IntArray,
    where: IntArray,
    batch: BatchEstimate,
    i: int,
    window: Window,
    estimation: Window,
    min_obs: int,
) -> EventFit | NotEstimable:
    if used.size < min_obs:
        return too_few(used.size, estimation, min_obs)
    if used.size <= len(job.design.names) or not np.isfinite(batch.coefficients[i]).all():
        return not_identified(job.design.names)
    if batch.sigma[i] < EXACT:
        return no_spread(model.label)
    keep = np.isfinite(batch.residuals[i])
    estimate = Estimate(
        names=job.design.names,
        coefficients=batch.coefficients[i],
        sigma=float(batch.sigma[i]),
        r2=float(batch.r2[i]),
        dof=int(batch.dof[i]),
        residuals=batch.residuals[i][keep],
        leverage=batch.leverage[i][keep],
        expected=batch.expected[i],
        covariance=batch.covariance[i],
        derived=model.derive(job.design.names, batch.coefficients[i]),
    )
    actual = np.where(where >= 0, job.y[where], np.nan)
    return EventFit(
        window, where, actual, estimate.expected, estimate.covariance, estimate, used,
        job.design.sessions[where],
    ).ended(job.final)  # fmt: skip
