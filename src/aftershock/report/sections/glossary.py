"""What the words and abbreviations of the page mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from aftershock.report.blocks import Fold, Prose, Section
from aftershock.report.mark import mark

if TYPE_CHECKING:
    from aftershock.report.words import Language

MEASURES = (
    (mark("abnormal return"), mark("What a stock returned beyond what the model expects of it, given the benchmark on the same session.")),
    (mark("CAR"), mark("Cumulated abnormal return: the sum of the abnormal returns over a window.")),
    (mark("day 0"), mark("The first session whose close comes after the event; other sessions are counted from it.")),
    (mark("window"), mark("First and last session from day 0, both included.")),
    (mark("BHAR"), mark("Buy-and-hold abnormal return: compounded, not summed.")),
    (mark("alpha's part"), mark("How much of the CAR comes from the estimated intercept alone.")),
    (mark("supply multiple"), mark("Float after an unlock over the float before it.")),
)  # fmt: skip
TESTS = (
    (mark("se"), mark("Standard error: how far an estimate strays by chance.")),
    (mark("t"), mark("The estimate over its standard error.")),
    (mark("p"), mark("How often chance alone would give an estimate at least this far from zero.")),
    (mark("p Holm"), mark("p-value adjusted for the number of estimates, so that any false finding at all is rare.")),
    (mark("p BH"), mark("p-value adjusted after Benjamini and Hochberg, so that few of the findings are false.")),
    (mark("80 % power from"), mark("The smallest true effect that would have been seen four times in five; below it, finding nothing says little.")),
    (mark("robust"), mark("Whether p stays on the same side of the level when alpha is held at zero and when other events' sessions are left out.")),
    (mark("p, alpha = 0"), mark("p-value with the model's intercept held at zero.")),
    (mark("p, masked"), mark("p-value with the sessions of other events left out of the estimation.")),
    (mark("BMP"), mark("Test of Boehmer, Musumeci and Poulsen: mean of the standardised CARs, allowing for event days that vary more.")),
    (mark("Kolari-Pynnonen"), mark("The same, allowing for events that move together.")),
    (mark("placebo"), mark("The same computation on dates without an event: how often chance does as much.")),
    (mark("smallest possible p"), mark("With few dates to draw from no p-value can be smaller.")),
    (mark("dof"), mark("Degrees of freedom.")),
    (mark("compared with"), mark("How many placebo dates or donors it is compared with.")),
)  # fmt: skip
TRADING = (
    (mark("drawdown"), mark("Fall of equity from its highest level so far.")),
    (mark("sharpe"), mark("Mean return over its spread, a year.")),
    (mark("sortino"), mark("Mean return over the spread of its losses, a year.")),
    (mark("calmar"), mark("Annual return over the largest drawdown.")),
    (mark("hedged"), mark("The same trades with a position in the benchmark against them.")),
    (mark("worst"), mark("Largest loss while the trade was open.")),
    (mark("best"), mark("Largest gain while the trade was open.")),
    (mark("break-even borrow"), mark("Borrow rate a year at which the profit is gone.")),
    (mark("break-even slippage"), mark("Cost of each fill at which the profit is gone.")),
    (mark("deflated sharpe"), mark("Probability that the Sharpe ratio is more than the best of so many trials has by luck.")),
    (mark("overfitting"), mark("Probability that the best parameters of one part of the time are below average in the other.")),
    (mark("walk-forward"), mark("Each event traded with the parameters that were best before it.")),
)  # fmt: skip
TERMS = (*MEASURES, *TESTS, *TRADING)


def hints(lang: Language) -> dict[str, str]:
    """Return what each word means, by the word as it is shown."""
    return {lang.t(term): lang.t(meaning) for term, meaning in TERMS}


def glossary(lang: Language) -> Section:
    """Return the words and abbreviations with what they mean."""
    titles = (lang.t("Measures"), lang.t("Tests"), lang.t("Trading"))
    folds = [
        Fold(title, [Prose([_line(lang.t(a), lang.t(b)) for a, b in terms], as_list=True)])
        for title, terms in zip(titles, (MEASURES, TESTS, TRADING), strict=True)
    ]
    return Section(
        "glossary", lang.t("Reading aid"), lang.t("Words and abbreviations"), [], [*folds]
    )


def _line(term: str, meaning: str) -> Markup:
    return Markup("<b>{}</b>: {}").format(term, meaning)
