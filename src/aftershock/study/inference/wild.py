"""The wild cluster bootstrap: a p-value where clusters are few."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray, IntArray

WEBB = np.sqrt([1.5, 1.0, 0.5])
SIX = np.concatenate([-WEBB, WEBB[::-1]])  # Webb's six points
ALL = 9_999  # assignments: every one up to so many, else so many drawn
TIE = 1e-9  # two statistics of the same weights differ by rounding


def webb_weights(clusters: int, seed: int) -> tuple[FloatArray, bool]:
    """Return assignments of Webb's six weights to G clusters, and whether they are all.

    Returns
    -------
    weights : ndarray, shape (B, G)
        Every assignment, the one of equal weights included, where 6^G is at most 9,999;
        else the equal weights and 9,999 drawn ones.
    complete
        True where they are all.
    """
    if len(SIX) ** clusters <= ALL:
        return np.array(list(product(SIX, repeat=clusters))), True
    drawn = np.random.default_rng(seed).choice(SIX, size=(ALL, clusters))
    return np.concatenate([np.ones((1, clusters)), drawn]), False


def wild_cluster_p(
    y: FloatArray, x: FloatArray, cluster: IntArray, j: int, weights: FloatArray
) -> FloatArray:
    r"""Return the p-value that coefficient j is 0, by the restricted wild cluster bootstrap.

    Parameters
    ----------
    y : ndarray, shape (..., n)
        What is explained; leading axes are replicates.
    x : ndarray, shape (n, k)
        Regressors of full rank.
    cluster : ndarray, shape (n,)
        Cluster of each observation, 0 to G - 1.
    j
        Which coefficient.
    weights : ndarray, shape (B, G)
        Assignments, that of equal weights among them: it gives the estimate's own t.

    Returns
    -------
    ndarray, shape (...)
        Share of the assignments whose ``|t|`` is at least the estimate's.

    Notes
    -----
    The residuals of the regression without regressor j are multiplied by one weight a cluster;
    t is over the cluster-robust standard error, whose small-sample factor is the same in every
    assignment and cancels. Numerator and scores of a cluster are linear in the weights, so the
    sums over observations are taken once (Roodman and others 2019). Weights all multiplied by
    one number give the same t: with Webb's six, p is never below ``6^(1-G)``.

    References
    ----------
    Cameron, Gelbach and Miller (2008), *Review of Economics and Statistics* 90(3); Webb
    (2023), *Canadian Journal of Economics* 56(3), for the weights; Roodman, Nielsen,
    MacKinnon and Webb (2019), *Stata Journal* 19(1).
    """
    restricted = np.delete(x, j, axis=1)
    u = y - y @ np.linalg.pinv(restricted).T @ restricted.T
    ahead = np.linalg.pinv(x)
    rows = ahead[j]
    member = cluster == np.arange(weights.shape[1])[:, None]  # (G, n)
    parts = u[..., None, :] * member  # (..., G, n)
    moves = parts @ rows  # (..., G)
    residuals = parts - parts @ ahead.T @ x.T
    scores = residuals @ (rows * member).T  # (..., G of the weight, G of the score)
    size = np.sqrt(((weights @ scores) ** 2).sum(axis=-1))  # (..., B)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(moves @ weights.T) / size
        own = np.abs(moves.sum(axis=-1)) / np.sqrt((scores.sum(axis=-2) ** 2).sum(axis=-1))
    beyond = ~(t < own[..., None] * (1.0 - TIE))  # 0/0 is not smaller
    return np.where(np.isfinite(own), beyond.mean(axis=-1), np.nan)
