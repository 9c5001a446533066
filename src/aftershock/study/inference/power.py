"""What an estimate could have seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray

LEVEL = 0.05
POWER = 0.80


def detectable(se: FloatArray | float, dof: FloatArray | float) -> FloatArray:
    """Return the smallest effect seen with 80 % power at 5 %, two-sided.

    Parameters
    ----------
    se, dof : ndarray, shape (...)
        Standard error and degrees of freedom of the estimate.

    Returns
    -------
    ndarray, shape (...)
        ``(t_.975 + t_.80) x se``. The critical value alone, ``t_.975 x se``, is seen half of
        the time only.

    References
    ----------
    Bloom (1995), *Evaluation Review* 19(5), minimum detectable effects.
    """
    reach = stats.t.ppf(1.0 - LEVEL / 2.0, dof) + stats.t.ppf(POWER, dof)
    return np.asarray(reach * np.asarray(se))


def power(effect: FloatArray, se: float, dof: float) -> FloatArray:
    """Return the chance that a true effect is significant at 5 %, two-sided.

    Parameters
    ----------
    effect : ndarray, shape (...)
        True effects, in the unit of ``se``.
    se, dof
        Standard error and degrees of freedom of the estimate.

    Returns
    -------
    ndarray, shape (...)
        From the noncentral t distribution; 5 % at no effect.
    """
    critical = stats.t.ppf(1.0 - LEVEL / 2.0, dof)
    shift = np.asarray(effect) / se
    return np.asarray(stats.nct.sf(critical, dof, shift) + stats.nct.cdf(-critical, dof, shift))
