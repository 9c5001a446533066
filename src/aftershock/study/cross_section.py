"""Why events differ: CARs regressed on what is known of the events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.errors import StudyError, unknown
from aftershock.formats import counted
from aftershock.study.inference.wild import webb_weights, wild_cluster_p

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray
    from aftershock.study.result import StudyResult

MARGIN = 10  # observations a regression needs beyond its coefficients
FEW_CLUSTERS = 10  # below these, p-values come from the wild cluster bootstrap
LEVEL = 0.05
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
        Why it is refused, or what to know about it.
    """

    formula: str
    covariance: str
    n: int
    table: pd.DataFrame
    r2: float
    note: str = ""

    def __str__(self) -> str:
        if self.table.empty:
            return f"{self.formula}: {self.note}"
        head = f"{self.formula}, n = {self.n}, {self.covariance}"
        return "\n".join(filter(None, (head, self.table.to_string(index=False), self.note)))


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
        Whose CARs; first candidate sessions only, events used in means only, and a session of
        a stock once, however many events share it.
    covariance
        ``"HC3"``, or ``"cluster:ticker"`` for standard errors clustered by an attribute,
        judged against Student's t with one degree of freedom fewer than clusters; below 10
        clusters by the restricted wild cluster bootstrap with Webb's weights. Events without
        the attribute are left out.

    Returns
    -------
    CrossSection
        With fewer than k + 10 events, one cluster, or attributes that repeat one another, it
        holds the reason instead of numbers.

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
    data, notes = _complete(data, names, by)
    x = _regressors(formula, data)
    reason = _refusal(x, data, by)
    if reason:
        empty = pd.DataFrame(columns=["coefficient", "estimate", "se", "t", "p_value"])
        note = "; ".join([f"refused: {reason}", *notes])
        return CrossSection(formula, covariance, len(x), empty, float("nan"), note)
    table, r2 = _fit(formula, data, by)
    if by and data[by].nunique() < FEW_CLUSTERS:
        table["p_value"], note = _wild(data, x, by, int(result.conventions.get("seed", 0)))
        notes = [note, *notes]
    return CrossSection(formula, covariance, len(x), table, r2, "; ".join(notes))


def _complete(data: pd.DataFrame, names: list[str], by: str) -> tuple[pd.DataFrame, list[str]]:
    """Return one row per session of a stock with all that is asked for, and what was left out."""
    notes = []
    repeated = data.duplicated(["stock", "session"])
    if repeated.any():
        notes.append(
            f"{counted(int(repeated.sum()), 'event')} left out: each shares stock and session with"
            " one before it"
        )
    data = data[~repeated].dropna(subset=names)
    if by:
        unlabelled = data[by].isna() | (data[by].astype("string").str.strip() == "")
        if unlabelled.any():
            notes.append(
                f"{counted(int(unlabelled.sum()), 'event')} left out: no {by} to cluster by"
            )
        data = data[~unlabelled]
    return data, notes


def _refusal(x: FloatArray, data: pd.DataFrame, by: str) -> str:
    """Return why there is no regression, empty where there is one."""
    n, k = x.shape
    if n < k + MARGIN:
        return f"{n} events for {k} coefficients, at least {k + MARGIN} needed"
    if by and data[by].nunique() < 2:  # noqa: PLR2004 - one cluster has no spread
        return f"one cluster by {by}, at least 2 needed; use HC3"
    if np.linalg.matrix_rank(x) < k:
        return "an attribute does not vary, or others add up to it"
    return ""


def _wild(data: pd.DataFrame, x: FloatArray, by: str, seed: int) -> tuple[list[float], str]:
    """Return each coefficient's p-value by the wild cluster bootstrap, and how it was made."""
    codes, labels = pd.factorize(data[by])
    weights, complete = webb_weights(len(labels), seed)
    y = data["car"].to_numpy("float64")
    p = [float(wild_cluster_p(y, x, codes, j, weights)) for j in range(x.shape[1])]
    how = "all" if complete else "the estimate's and"
    count = len(weights) if complete else len(weights) - 1
    note = (
        f"{len(labels)} clusters by {by}: p by the wild cluster bootstrap ({how} {count:,} draws)"
    )
    floor = 6.0 ** (1 - len(labels))
    short = f"; {len(labels)} clusters cannot give p below {floor:.3f}"
    return p, note + (short if floor > LEVEL else "")


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
    own = own[own["event"].isin(used["id"])].drop_duplicates("event")  # first candidate sessions
    own = own.assign(stock=own["event"].map(used.set_index("id")["ticker"]))
    facts = result.attributes.drop(columns=["stock", "session"], errors="ignore")
    return own[["event", "stock", "session", "car", "bhar"]].merge(facts, on="event", how="left")
