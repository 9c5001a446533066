"""P-values corrected for how many were looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray


def adjusted(p_values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Holm's and Benjamini and Hochberg's adjusted p-values.

    Parameters
    ----------
    p_values : ndarray, shape (m,)
        The family; NaN is not a member and stays NaN.

    Returns
    -------
    holm, bh : ndarray, shape (m,)
        Family-wise error rate under any dependence; false discovery rate under positive
        dependence.

    References
    ----------
    Holm (1979), *Scandinavian Journal of Statistics* 6(2); Benjamini and Hochberg (1995),
    *Journal of the Royal Statistical Society B* 57(1). Computed by statsmodels.
    """
    holm, bh = np.full(p_values.shape, np.nan), np.full(p_values.shape, np.nan)
    known = np.isfinite(p_values)
    if known.any():
        from statsmodels.stats.multitest import multipletests

        holm[known] = multipletests(p_values[known], method="holm")[1]
        bh[known] = multipletests(p_values[known], method="fdr_bh")[1]
    return holm, bh
