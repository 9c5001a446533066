"""Why a test may reject more or less often than 5 %: known properties, each with its bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grid import Cell, Size

INDEPENDENT = (
    "cross-sectional t", "skewness-adjusted t", "bootstrap t", "BHAR, skewness-adjusted bootstrap",
    "Patell", "BMP", "sign", "generalised sign", "Wilcoxon",
)  # fmt: skip

# Why a test may reject too often: scenario (empty for any), tests, reason, highest size allowed.
REASONS: tuple[tuple[str, tuple[str, ...], str, float], ...] = (
    (
        "variance x4",
        ("single-event t", "SQ rank", "Patell"),
        "judges the window by the variance of the past; one event cannot tell a larger variance"
        " from a larger mean, several can, with BMP",
        0.36,
    ),
    (
        "variance x4",
        ("Corrado rank",),
        "a day of larger variance has more extreme ranks; Corrado-Zivney standardises it away",
        0.15,
    ),
    (
        "clustered",
        INDEPENDENT,
        "takes events as independent, and these share their date; a study says so beside the"
        " test, and Kolari-Pynnonen, crude dependence and the rank tests hold",
        0.40,
    ),
    (
        "clustered",
        ("crude dependence",),
        "leaves out the estimation error of the coefficients, which counts where the window is"
        " long and the estimation short",
        0.10,
    ),
    (
        "very skewed",
        ("sign", "Wilcoxon"),
        "its null is symmetry around 0, which skewed returns do not have: the rejection is right"
        " and says nothing about the mean; the generalised sign test holds",
        0.20,
    ),
    (
        "skewed",
        ("sign",),
        "its null is even odds, which skewed returns do not have; the generalised sign test holds",
        0.08,
    ),
    (
        "very skewed",
        ("GRANK-T", "Corrado-Zivney rank"),
        "ranks of a day that is standardised across events compare with days that are not",
        0.13,
    ),
    (
        "very skewed",
        ("cross-sectional t", "skewness-adjusted t", "BMP", "Kolari-Pynnonen"),
        "Student's t with a few strongly skewed one-day returns; over longer windows, or with"
        " more events, the mean is closer to normal",
        0.09,
    ),
    ("very skewed", ("Patell", "single-event t"), "the normal or t tail is too thin for it", 0.10),
    (
        "",
        ("skewness-adjusted t",),
        "the skewness of a few or heavy-tailed returns is itself badly measured",
        0.08,
    ),
    ("", ("GRANK-T", "Corrado-Zivney rank"), "asymptotic: N = 30 is not yet many", 0.08),
    ("", ("Patell",), "asymptotic: the normal tail is a little too thin", 0.075),
)


def reason(cell: Cell, test: str, size: Size) -> str:
    """Return why a test may reject as often as it does in a cell, empty where nothing excuses it."""
    for scenario, tests, why, highest in REASONS:
        if scenario in {"", cell.scenario} and test in tests and size.share <= highest:
            return why
    return ""
