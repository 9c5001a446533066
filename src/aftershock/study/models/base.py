"""What every model of the normal return shares.

A linear model says ``R = fixed + X b + e``: ``fixed`` is the part whose coefficient is not
estimated (the index return of a market-adjusted model), ``X`` the regressors with the
constant, if any, in the first column.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aftershock.study.models.estimate import ALPHA, Estimate, least_squares

if TYPE_CHECKING:
    from collections.abc import Callable

    from aftershock.arrays import BoolArray, FloatArray, IntArray
    from aftershock.sessions import Sessions
    from aftershock.study.models.estimate import Derived


@dataclass(frozen=True, slots=True)
class Market:
    """What a model may look at.

    Attributes
    ----------
    returns : ndarray, shape (S, N)
        Returns of every ticker.
    column
        Maps a ticker to its column.
    sessions
        The S sessions.
    """

    returns: FloatArray
    column: Callable[[str], int]
    sessions: Sessions

    def of(self, ticker: str) -> FloatArray:
        """Return one ticker's returns, shape (S,)."""
        return self.returns[:, self.column(ticker)]


@dataclass(frozen=True, slots=True)
class Design:
    """The right-hand side of a model over every session.

    Attributes
    ----------
    names
        The k coefficients; ``alpha`` first where there is a constant.
    fixed : ndarray, shape (S,)
        The part of the normal return that is not estimated.
    regressors : ndarray, shape (S, k)
        The estimated part; NaN where a benchmark has no return.
    span : ndarray, shape (S,), or None
        Sessions each return runs over where it runs over more than one (trade-to-trade
        returns over a halt): its variance grows with them. 0 inside a halt.
    """

    names: tuple[str, ...]
    fixed: FloatArray
    regressors: FloatArray
    span: FloatArray | None = None

    @property
    def usable(self) -> BoolArray:
        """True where the whole right-hand side is there, shape (S,)."""
        return np.isfinite(self.fixed) & np.isfinite(self.regressors).all(axis=1)

    @property
    def sessions(self) -> FloatArray:
        """Sessions each return runs over, shape (S,)."""
        return np.ones(self.fixed.size) if self.span is None else self.span

    @property
    def root(self) -> FloatArray:
        """Root of each return's span, by which estimation divides its row, shape (S,)."""
        if self.span is None:
            return np.ones(self.fixed.size)
        return np.sqrt(np.where(self.span > 0, self.span, 1.0))

    def estimable(self, y: FloatArray) -> BoolArray:
        """Return which rows of ``y`` can be estimated on: complete, and not inside a halt."""
        complete = np.isfinite(y) & self.usable
        return complete if self.span is None else complete & (self.span > 0)

    @property
    def has_constant(self) -> bool:
        """True where the first coefficient is the constant."""
        return self.names[:1] == (ALPHA,)

    def without_alpha(self) -> Design:
        """Return the same design with the constant forced to 0."""
        keep = [i for i, name in enumerate(self.names) if name != ALPHA]
        names = tuple(self.names[i] for i in keep)
        return replace(self, names=names, regressors=self.regressors[:, keep])


@dataclass(frozen=True, slots=True)
class Model(ABC):
    """Base of the models: a subclass names its benchmarks and its right-hand side.

    Attributes
    ----------
    label
        What the model is called.
    is_linear
        True where ``least_squares`` on the design is the whole model, so that the batched
        engine and the placebos can compute it for many events at once.
    """

    label: ClassVar[str] = ""
    is_linear: ClassVar[bool] = True

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """Tickers the model needs besides the stock itself."""
        return ()

    @property
    def reach(self) -> tuple[int, int]:
        """Sessions before and after its own whose benchmark returns explain a return."""
        return 0, 0

    @property
    def allows_thin_trading(self) -> bool:
        """True where a stock that trades seldom does not bend the slope."""
        return False

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader must know about data of the model's own, carried to the warnings."""
        return ()

    @abstractmethod
    def design(self, market: Market) -> Design:
        """Return the right-hand side over every session."""

    def estimate(
        self, design: Design, y: FloatArray, estimation: IntArray, window: IntArray
    ) -> Estimate:
        """Fit on the rows ``estimation`` and predict the rows ``window``; see ``least_squares``."""
        fit = least_squares(
            design.names,
            y[estimation] - design.fixed[estimation],
            design.regressors[estimation],
            design.fixed[window],
            design.regressors[window],
            spans=None if design.span is None else (design.span[estimation], design.span[window]),
        )
        return replace(fit, derived=self.derive(fit.names, fit.coefficients))

    def derive(self, names: tuple[str, ...], coefficients: FloatArray) -> Derived:
        """Return what follows from the coefficients, for the table of estimates."""
        del names, coefficients
        return ()


def shifted(values: FloatArray, by: int) -> FloatArray:
    """Return ``values`` so that row t holds the value of row t + ``by``; NaN beyond the ends."""
    out = np.full_like(values, np.nan)
    if by == 0:
        return values.copy()
    if by > 0:
        out[:-by] = values[by:]
    else:
        out[-by:] = values[:by]
    return out
