"""Rulings on one action of one ex-date: what two of price, listing and adjustment agree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from aftershock.prices.evidence import CONTRADICTS, TELLS

if TYPE_CHECKING:
    from aftershock.prices.evidence import Step

Part = Literal["split", "dividend"]
Price = Literal["as traded", "in the closes", "nowhere", "untold"]
Factor = Literal["carried", "not carried", "otherwise", "unstated"]

_ALIKE = 0.25  # share of an action by which a factor may differ from it
LEAST_SPLIT = float(np.log(1.2))  # an unlisted step beyond is a split, within a dividend


@dataclass(frozen=True, slots=True)
class Case:
    """One action on one ex-date, before it is ruled on.

    Attributes
    ----------
    listed
        Log of what the listed action should do to a close as traded.
    piece
        Log of what the stated adjustment takes out on its account, NaN where none is stated.
    price
        What the step of the close says.
    is_own
        True where the step itself tells, False where the file's other steps do.
    odds
        Log odds behind it, above 0 for a close as traded.
    factor
        What the adjustment says.
    """

    listed: float
    piece: float
    price: Price
    is_own: bool
    odds: float
    factor: Factor


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is made of one action on one ex-date.

    Attributes
    ----------
    listed, piece
        Logs of what the action and the adjustment are taken to do to a close as traded.
    check
        Which of the three was odd, a name of ``CHECKS``; empty where none was.
    why
        What follows, for the finding.
    """

    listed: float
    piece: float
    check: str = ""
    why: str = ""


def pieces_of(step: Step) -> dict[Part, tuple[Factor, float]]:
    """Return what the stated adjustment says of each action, and what it takes out for it."""
    if not step.split:
        return {"dividend": (_factor_says(step, step.dividend, step.factor), step.factor)}
    says = _factor_says(step, step.split, step.factor, step.dividend)
    if not step.dividend:
        return {"split": (says, step.factor)}
    left = {"carried": step.factor - step.split, "not carried": step.factor}
    rest = left.get(says, step.dividend + 0.0 * step.factor)
    return {
        "split": (says, step.factor - rest),
        "dividend": (_factor_says(step, step.dividend, rest), rest),
    }


def _factor_says(step: Step, action: float, piece: float, beside: float = 0.0) -> Factor:
    """Return whether the stated adjustment takes an action out, another one beside it or not."""
    if not np.isfinite(piece):
        return "unstated"
    reach = _ALIKE * abs(action) + 4.0 * step.noise
    with_it = min(abs(piece - action), abs(piece - action - beside))
    without = min(abs(piece), abs(piece - beside))
    if min(with_it, without) > reach:
        return "otherwise"
    return "carried" if with_it <= without else "not carried"


def rule(step: Step, case: Case) -> Ruling:
    """Return what is used of an action: what two of price, listing and adjustment agree on."""
    if case.price == "nowhere":
        why = "neither the action nor its absence explains the close: used as listed"
        return Ruling(case.listed, case.piece, "odd_price_step", why)
    if case.factor == "carried":
        return _rule_carried(case)
    if case.factor == "unstated":
        return _rule_unstated(case)
    return _rule_contradicted(step, case)


def _rule_carried(case: Case) -> Ruling:
    """Rule where listing and adjustment agree."""
    if case.price != "in the closes":
        return Ruling(case.listed, case.piece)
    if case.odds > -CONTRADICTS:
        why = "the close does not show it: used as listed and adjusted"
        return Ruling(case.listed, case.piece, "odd_price_step", why)
    why = "closes carry it already: neither it nor its adjustment is applied again"
    return Ruling(0.0, 0.0, "odd_price_step", why)


def _rule_unstated(case: Case) -> Ruling:
    """Rule where no adjustment is stated."""
    if case.price == "as traded":
        return Ruling(case.listed, case.piece)
    if case.price == "untold":
        why = "the price cannot tell: closes are taken as traded, and it is applied"
        return Ruling(case.listed, case.piece, "assumed_action", why)
    why = (
        "the close does not show it, so closes carry it already: not applied"
        if case.is_own
        else "closes are adjusted already, as the file's other closes show: not applied"
    )
    return Ruling(0.0, case.piece, "odd_action", why)


def _rule_contradicted(step: Step, case: Case) -> Ruling:
    """Rule where the adjustment takes out something else than what is listed, or nothing."""
    stated = step.unlikely(case.piece)
    if case.price == "as traded" and (
        case.factor == "not carried" or stated - step.unlikely(case.listed) > TELLS
    ):
        why = "the adjusted close does not follow: what is listed is used"
        return Ruling(case.listed, case.listed, "odd_adjustment", why)
    if case.price == "in the closes" and stated - step.unlikely(0.0) > TELLS:
        why = "the close shows neither: neither is applied"
        return Ruling(0.0, 0.0, "odd_price_step", why)
    implied = _implied(step, case)
    why = (
        "what the adjusted close takes out is used instead"
        if implied
        else "it is not adjusted for, so closes carry it already: not applied"
    )
    return Ruling(implied, case.piece, "odd_action", why)


def _implied(step: Step, case: Case) -> float:
    """Return the action that an adjustment stands for, 0 where it is but rounding."""
    least = max(4.0 * step.noise, 1e-6)
    if case.listed == step.split and step.split:
        least = max(least, LEAST_SPLIT)
    elif case.piece > 0.0:
        return 0.0
    return case.piece if abs(case.piece) > least else 0.0
