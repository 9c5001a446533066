"""Synthetic control: the mix of other stocks that tracked this one best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from aftershock.errors import StudyError
from aftershock.study.models.base import Design, Market, Model
from aftershock.study.models.estimate import Estimate, share_explained
from aftershock.study.models.peers import as_tickers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aftershock.arrays import FloatArray, IntArray

FEWEST_DONORS = 2
ACTIVE = 1e-6  # a weight below this is none


@dataclass(frozen=True, slots=True, init=False)
class SyntheticControl(Model):
    r"""``R = sum_j w_j R_j + e`` with :math:`w_j \ge 0`, :math:`\sum w_j = 1`.

    The weights minimise the squared differences over the estimation window (a convex
    problem, solved by cvxpy from the extra ``models``). They are treated as known afterwards:
    prediction errors have covariance s^2 I, with one degree of freedom per active weight but
    one taken off. What the method itself offers for inference is the placebo across donors,
    ``placebo``, and it stands with the single-event tests.

    Attributes
    ----------
    donors
        Tickers of the donor stocks, at least two, without events of their own.

    References
    ----------
    Abadie, Diamond and Hainmueller (2010), *Journal of the American Statistical Association*
    105(490); Goldsmith-Pinkham and Lyu (2025), arXiv 2511.15123, for event studies.
    """

    donors: tuple[str, ...]
    label: ClassVar[str] = "synthetic control"
    is_linear: ClassVar[bool] = False

    def __init__(self, donors: Iterable[str]) -> None:
        names = as_tickers(donors, "SyntheticControl needs at least two donors")
        if len(names) < FEWEST_DONORS:
            raise StudyError("SyntheticControl needs at least two donors; with one, use PeerModel")
        object.__setattr__(self, "donors", names)

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The donors."""
        return self.donors

    def design(self, market: Market) -> Design:
        """Return the donors' returns."""
        columns = np.column_stack([market.of(donor) for donor in self.donors])
        return Design(tuple(f"w {donor}" for donor in self.donors), np.zeros(len(columns)), columns)

    def estimate(
        self, design: Design, y: FloatArray, estimation: IntArray, window: IntArray
    ) -> Estimate:
        """Fit on the rows ``estimation`` and predict the rows ``window``."""
        own, donors = y[estimation], design.regressors[estimation]
        weights = simplex_weights(own, donors)
        residuals = own - donors @ weights
        dof = own.size - max(int((weights > ACTIVE).sum()) - 1, 0)
        variance = float(residuals @ residuals) / dof
        return Estimate(
            names=design.names,
            coefficients=weights,
            sigma=float(np.sqrt(variance)),
            r2=share_explained(own - own.mean(), residuals),
            dof=dof,
            residuals=residuals,
            leverage=np.zeros(own.size),
            expected=design.regressors[window] @ weights,
            covariance=variance * np.eye(window.size),
        )

    def placebo(
        self, design: Design, estimation: IntArray, window: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """Treat each donor as if it had had the event.

        Returns
        -------
        ar : ndarray, shape (J, W)
            Each donor's abnormal returns against the other donors' best mix.
        sigma : ndarray, shape (J,)
            The root of its mean squared residual.
        """
        columns = design.regressors
        found = [_as_treated(columns, j, estimation, window) for j in range(columns.shape[1])]
        return np.array([ar for ar, _ in found]), np.array([sigma for _, sigma in found])


def _as_treated(
    columns: FloatArray, j: int, estimation: IntArray, window: IntArray
) -> tuple[FloatArray, float]:
    own, others = columns[:, j], np.delete(columns, j, axis=1)
    if others.shape[1] == 1:
        weights = np.ones(1)
    else:
        weights = simplex_weights(own[estimation], others[estimation])
    ar = own - others @ weights
    return ar[window], float(np.sqrt(np.mean(ar[estimation] ** 2)))


def simplex_weights(y: FloatArray, donors: FloatArray) -> FloatArray:
    """Return the weights that track ``y`` best.

    Parameters
    ----------
    y : ndarray, shape (T,)
        Returns to track.
    donors : ndarray, shape (T, J)
        Returns to mix.

    Returns
    -------
    ndarray, shape (J,)
        Non-negative, summing to 1.

    Raises
    ------
    StudyError
        cvxpy is not installed, or finds no solution.
    """
    cp: Any
    try:
        import cvxpy as cp
    except ImportError as cause:
        raise StudyError(
            "SyntheticControl needs cvxpy: pip install 'aftershock[models]'"
        ) from cause
    scale = float(np.abs(donors).max()) or 1.0
    weights = cp.Variable(donors.shape[1], nonneg=True)
    loss = cp.sum_squares((y - donors @ weights) / scale)
    problem = cp.Problem(cp.Minimize(loss), [cp.sum(weights) == 1])
    problem.solve(solver=cp.CLARABEL)
    if weights.value is None:
        raise StudyError(f"no mix of the donors could be found: {problem.status}")
    clean = np.clip(np.asarray(weights.value, dtype="float64"), 0.0, None)
    return np.asarray(clean / clean.sum())
