"""Least squares for many events at once: the engine behind large studies.

The same coefficients, variances and prediction-error covariances as ``least_squares``, which
is the reference, computed on arrays with a leading axis of events (and of replicates, where a
simulation needs them).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class BatchEstimate:
    """N fits at once; leading axes may precede N.

    Attributes
    ----------
    coefficients : ndarray, shape (..., N, k)
        NaN where an event has too few returns or regressors that do not vary.
    sigma : ndarray, shape (..., N)
        Residual standard deviation.
    r2 : ndarray, shape (..., N)
        Share of the variance explained; NaN where nothing is estimated.
    dof : ndarray, shape (..., N)
        T - k.
    residuals, leverage : ndarray, shape (..., N, T)
        NaN on rows that were not used.
    expected : ndarray, shape (..., N, W)
        Normal return over the event window.
    covariance : ndarray, shape (..., N, W, W)
        Of the prediction errors.
    """

    coefficients: FloatArray
    sigma: FloatArray
    r2: FloatArray
    dof: FloatArray
    residuals: FloatArray
    leverage: FloatArray
    expected: FloatArray
    covariance: FloatArray


def batch_least_squares(
    y: FloatArray,
    x: FloatArray,
    keep: BoolArray,
    fixed: FloatArray,
    x_window: FloatArray,
    *,
    has_constant: bool,
    span: FloatArray | None = None,
) -> BatchEstimate:
    """Fit many regressions of the same regressors at once.

    Parameters
    ----------
    y : ndarray, shape (..., N, T)
        Returns of the estimation windows less the fixed part.
    x : ndarray, shape (..., N, T, k)
        Regressors; k may be 0.
    keep : ndarray, shape (..., N, T)
        Rows to use; the others may hold anything.
    fixed : ndarray, shape (..., N, W)
        The fixed part over the event windows.
    x_window : ndarray, shape (..., N, W, k)
        Regressors over the event windows.
    has_constant
        True where the first regressor is the constant, weighted like the other columns; decides
        what ``r2`` compares with.
    span : ndarray, shape (..., N, W)
        Sessions each return of the event windows runs over; one each where left out.
    """
    k = x.shape[-1]
    counts = keep.sum(axis=-1).astype(float)
    y0 = np.where(keep, y, 0.0)
    x0 = np.where(keep[..., None], x, 0.0)
    cross = np.swapaxes(x0, -1, -2)
    unscaled = inverse_or_nan(cross @ x0)
    coefficients = (
        (unscaled @ (cross @ y0[..., None]))[..., 0] if k else np.zeros((*y.shape[:-1], 0))
    )
    residuals = np.where(keep, y0 - (x0 @ coefficients[..., None])[..., 0], np.nan)
    leverage = np.einsum("...ti,...ij,...tj->...t", x0, unscaled, x0)
    dof = counts - k
    with np.errstate(invalid="ignore", divide="ignore"):
        rss = np.nansum(residuals**2, axis=-1)
        variance = np.where(dof > 0, rss / dof, np.nan)
        r2 = _r2(y0, x0[..., 0] if has_constant else None, rss) if k else np.full(dof.shape, np.nan)
    window = fixed.shape[-1]
    own = np.eye(window) if span is None else span[..., :, None] * np.eye(window)
    spread = own + x_window @ unscaled @ np.swapaxes(x_window, -1, -2)
    return BatchEstimate(
        coefficients=coefficients,
        sigma=np.sqrt(variance),
        r2=r2,
        dof=dof,
        residuals=residuals,
        leverage=np.where(keep, leverage, np.nan),
        expected=fixed + (x_window @ coefficients[..., None])[..., 0],
        covariance=variance[..., None, None] * spread,
    )


def inverse_or_nan(gram: FloatArray) -> FloatArray:
    """Return the inverse of each matrix, NaN where it is singular, shape (..., k, k)."""
    k = gram.shape[-1]
    if k == 0:
        return gram
    # scaled to a unit diagonal, so that "singular" does not depend on the units
    scale = np.sqrt(np.maximum(np.einsum("...ii->...i", gram), np.finfo(float).tiny))
    unit = gram / scale[..., :, None] / scale[..., None, :]
    singular = np.linalg.eigvalsh(unit)[..., 0] < _SINGULAR
    safe = np.where(singular[..., None, None], np.eye(k), unit)
    inverse = np.linalg.inv(safe) / scale[..., :, None] / scale[..., None, :]
    return np.where(singular[..., None, None], np.nan, inverse)


_SINGULAR = 1e-12


def _r2(y: FloatArray, constant: FloatArray | None, rss: FloatArray) -> FloatArray:
    """Return the share explained beyond the constant alone; rows not used are 0."""
    if constant is not None:
        level = (constant * y).sum(axis=-1) / (constant**2).sum(axis=-1)
        y = y - constant * level[..., None]
    total = (y**2).sum(axis=-1)
    return np.asarray(np.where(total > 0, 1.0 - rss / total, np.nan))
