"""Why events differ: CARs regressed on what is known of the events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.errors import StudyError, unknown

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray
    from aftershock.study.result import StudyResult

MARGIN = 10  # observations a regression needs beyond its coefficients, and clusters at all
CLUSTERED = "cluster:"
FUNCTIONS = {"C", "np", "log", "I", "Q", "exp", "sqrt"}  # what a formula may call


@dataclass(frozen=True, slots=True, eq=False)
class CrossSection:
    """A regression of CARs on event attributes, or why there is none.

    Attributes
    ----------
    formula, covariance, n
        What was asked for, and on how many events.
    table
        One row per coefficient: estimate, se, t, p; empty where it is refused.
    r2
        NaN where it is refused.
    note
        Why it is refused.
    """

    formula: str
    covariance: str
    n: int
    table: pd.DataFrame
    r2: float
    note: str = ""

    def __str__(self) -> str:
        if self.note:
            return f"{self.formula}: {self.note}"
        return (
            f"{self.formula}, n = {self.n}, {self.covariance}\n{self.table.to_string(index=False)}"
        )


def cross_section(
    result: StudyResult, formula: str, *, window: tuple[int, int], covariance: str = "HC3"
) -> CrossSection:
    """Regress a study's CARs on attributes of its events.

    Parameters
    ----------
    result
        A study.
    formula
        Such as ``"car ~ percent + run_up"``; the names are those of ``result.attributes``.
    window
        Whose CARs; first candidate sessions only, events used in means only.
    covariance
        ``"HC3"``, or ``"cluster:ticker"`` for standard errors clustered by an attribute,
        judged against Student's t with one degree of freedom fewer than clusters.

    Returns
    -------
    CrossSection
        With fewer than k + 10 events, fewer than 10 clusters, or attributes that repeat one
        another, it holds the reason instead of numbers.

    Raises
    ------
    UnknownName
        The formula names no attribute.
    StudyError
        The covariance is not one of the two, the formula none, or the study has no such window.

    References
    ----------
    MacKinnon and White (1985), *Journal of Econometrics* 29(3), for HC3; Cameron, Gelbach and
    Miller (2008), *Review of Economics and Statistics* 90(3), for what few clusters do.
    """
    data = _data(result, window)
    names = _names(formula, data)
    by = _clusters(covariance, data)
    data = data.dropna(subset=names)
    x = _regressors(formula, data)
    (n, k), reason = x.shape, ""
    if n < k + MARGIN:
        reason = f"refused: {n} events for {k} coefficients, at least {k + MARGIN} needed"
    elif by and data[by].nunique() < MARGIN:
        count = data[by].nunique()
        reason = f"refused: {count} clusters by {by}, at least {MARGIN} needed; use HC3"
    elif np.linalg.matrix_rank(x) < k:
        reason = "refused: an attribute does not vary, or others add up to it"
    if reason:
        empty = pd.DataFrame(columns=["coefficient", "estimate", "se", "t", "p_value"])
        return CrossSection(formula, covariance, n, empty, float("nan"), reason)
    table, r2 = _fit(formula, data, by)
    return CrossSection(formula, covariance, n, table, r2)


def _names(formula: str, data: pd.DataFrame) -> list[str]:
    """Return the attributes a formula uses; raises where it is none or names another."""
    if not formula.partition("~")[0].strip() or "~" not in formula:
        raise StudyError(f'"{formula}" is no formula; write "car ~ percent"')
    names = sorted(set(re.findall(r"[A-Za-z_]\w*", formula)) - FUNCTIONS)
    for name in names:
        if name not in data.columns:
            raise unknown("attribute", name, map(str, data.columns))
    return names


def _clusters(covariance: str, data: pd.DataFrame) -> str:
    """Return the attribute to cluster by, empty for HC3."""
    by = covariance.removeprefix(CLUSTERED)
    if covariance == "HC3":
        return ""
    if by == covariance or by not in data.columns:
        raise StudyError(f'covariance="{covariance}" is not known; write "HC3" or "cluster:ticker"')
    return by


def _regressors(formula: str, data: pd.DataFrame) -> FloatArray:
    """Return a formula's right-hand side, shape (n, k)."""
    import statsmodels.formula.api as smf
    from patsy import PatsyError

    if data.empty:
        return np.empty((0, formula.count("+") + 2))
    try:
        return np.asarray(smf.ols(formula, data).exog)
    except PatsyError as cause:
        said = str(cause).splitlines()[0]
        raise StudyError(f'"{formula}" is no formula: {said}; write "car ~ percent"') from cause


def _fit(formula: str, data: pd.DataFrame, by: str) -> tuple[pd.DataFrame, float]:
    """Return the table of coefficients, and R2."""
    import statsmodels.formula.api as smf

    options: dict[str, Any] = {"cov_type": "HC3"}
    if by:
        groups = data[by].astype("category").cat.codes
        options = {"cov_type": "cluster", "cov_kwds": {"groups": groups}}
    fit = smf.ols(formula, data).fit(use_t=True, **options)
    table = pd.DataFrame(
        {
            "coefficient": fit.params.index,
            "estimate": fit.params.to_numpy(),
            "se": fit.bse.to_numpy(),
            "t": fit.tvalues.to_numpy(),
            "p_value": fit.pvalues.to_numpy(),
        }
    )
    return table, float(fit.rsquared)


def no_window(car: pd.DataFrame, window: tuple[int, int]) -> StudyError:
    """Return the error for a window whose CARs the study does not have."""
    known = sorted(set(zip(car["start"].tolist(), car["end"].tolist(), strict=True)))
    return StudyError(f"the study has no window {window}; it has {known}")


def _data(result: StudyResult, window: tuple[int, int]) -> pd.DataFrame:
    car = result.car
    own = car[(car["start"] == window[0]) & (car["end"] == window[1])]
    if own.empty and len(car):
        raise no_window(car, window)
    used = result.events[result.events["status"] == "used"]
    first = used[["id", "session"]].rename(columns={"id": "event"})
    own = own.merge(first, on=["event", "session"])
    return own[["event", "car", "bhar"]].merge(result.attributes, on="event", how="left")
