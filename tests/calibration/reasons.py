"""Why a test may reject more or less often than 5 %: known properties, each with its bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grid import Cell, Size

SIGNS = ("sign", "generalised sign", "Wilcoxon")
BOOTSTRAPS = ("bootstrap t", "BHAR, skewness-adjusted bootstrap")
SPREADS = ("cross-sectional t", "skewness-adjusted t", "BMP", "Kolari-Pynnonen")
STANDARDISED_RANKS = ("GRANK-T", "Corrado-Zivney rank")
INDEPENDENT = ("cross-sectional t", "skewness-adjusted t", "Patell", "BMP", *SIGNS, *BOOTSTRAPS)


@dataclass(frozen=True, slots=True)
class Reason:
    """A property of some tests.

    Attributes
    ----------
    tests
        The tests that have it.
    why
        The property, as the table prints it.
    low, high
        Sizes it explains; a share outside them is a bug until it is understood.
    scenario
        Where it holds; empty for everywhere.
    """

    tests: tuple[str, ...]
    why: str
    low: float
    high: float
    scenario: str = ""


TOO_OFTEN = (
    Reason(
        ("single-event t", "SQ rank", "Patell"),
        "judges the window by the variance of the past; one event cannot tell a larger variance"
        " from a larger mean, several can, with BMP",
        0.05,
        0.36,
        "variance x4",
    ),
    Reason(
        ("Corrado rank",),
        "a day of larger variance has more extreme ranks; Corrado-Zivney standardises it away",
        0.05,
        0.15,
        "variance x4",
    ),
    Reason(
        INDEPENDENT,
        "takes the events as independent, and these share their date; a study says so beside the"
        " test, and Kolari-Pynnonen and the rank tests hold",
        0.05,
        0.40,
        "clustered",
    ),
    Reason(
        ("crude dependence",),
        "leaves out the estimation error of the coefficients, which counts where the window is"
        " long and the estimation short",
        0.05,
        0.10,
        "clustered",
    ),
    Reason(
        ("sign", "Wilcoxon"),
        "its null is symmetry around 0, which skewed returns do not have: the rejection is right"
        " and says nothing about the mean; the generalised sign test holds",
        0.05,
        0.20,
        "very skewed",
    ),
    Reason(
        ("sign",),
        "its null is even odds, which skewed returns do not have; the generalised sign test holds",
        0.05,
        0.08,
        "skewed",
    ),
    Reason(
        STANDARDISED_RANKS,
        "ranks of a day that is standardised across events compare with days that are not",
        0.05,
        0.13,
        "very skewed",
    ),
    Reason(
        SPREADS,
        "Student's t with a few strongly skewed returns; over longer windows, or with more"
        " events, the mean is closer to normal",
        0.05,
        0.09,
        "very skewed",
    ),
    Reason(
        ("Patell", "single-event t"),
        "the normal or t tail is too thin for returns this skewed",
        0.05,
        0.10,
        "very skewed",
    ),
    Reason(
        ("skewness-adjusted t",),
        "the skewness of a few or heavy-tailed returns is itself badly measured",
        0.05,
        0.08,
    ),
    Reason(STANDARDISED_RANKS, "asymptotic: N = 30 is not yet many", 0.05, 0.08),
    Reason(("Patell",), "asymptotic: the normal tail is a little too thin", 0.05, 0.075),
)

TOO_SELDOM = (
    Reason(
        SIGNS,
        "exact, and a count is a whole number: the level it can reach lies below 5 %, with five"
        " events far below",
        0.0,
        0.05,
    ),
    Reason(("SQ rank",), "its p-values are steps of 1/(T + 1)", 0.02, 0.05),
    Reason(
        ("Corrado rank", "Corrado-Zivney rank"),
        "the window's own days are in the spread that judges them, which counts where the window"
        " is long and the estimation short",
        0.005,
        0.05,
    ),
    Reason(BOOTSTRAPS, "resamples of five events repeat one another", 0.0, 0.05),
    Reason(
        ("single-event t", "Patell"),
        "the other event's variance is in the estimate; the masked row leaves it out",
        0.02,
        0.05,
        "contaminated",
    ),
    Reason(
        ("Kolari-Pynnonen",),
        "the correlation is itself estimated, from few common days",
        0.025,
        0.05,
        "spread",
    ),
    Reason(
        SPREADS, "Student's t is conservative for a few heavy-tailed returns", 0.025, 0.05, "t(4)"
    ),
)


def reason(cell: Cell, test: str, size: Size) -> str:
    """Return why a test rejects as often as it does in a cell, empty where nothing explains it."""
    for known in TOO_OFTEN if size.too_often else TOO_SELDOM:
        here = known.scenario in {"", cell.scenario} and test in known.tests
        if here and known.low <= size.share <= known.high:
            return known.why
    return ""
