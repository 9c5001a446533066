"""Frames of any library (pandas, polars, pyarrow), brought to pandas at the door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

if TYPE_CHECKING:
    from typing import TypeAlias

    from narwhals.typing import IntoDataFrame, IntoLazyFrame

    AnyFrame: TypeAlias = "pd.DataFrame | pd.Series[Any] | IntoDataFrame | IntoLazyFrame"


def to_pandas(frame: Any) -> Any:
    """Return a frame or series of any library as pandas; what is none is returned as it is.

    Parameters
    ----------
    frame
        A DataFrame of pandas, polars or whatever else narwhals knows, a pyarrow Table, or a
        LazyFrame, which is collected. pandas' own are handed back untouched.
    """
    if isinstance(frame, pd.DataFrame | pd.Series):
        return frame
    native = nw.from_native(frame, allow_series=True, pass_through=True)
    if isinstance(native, nw.LazyFrame):
        native = native.collect()
    return native.to_pandas() if isinstance(native, nw.DataFrame | nw.Series) else frame


def is_frame(thing: Any) -> bool:
    """Return whether something is one table, of any library."""
    native = nw.from_native(thing, pass_through=True)
    return isinstance(native, nw.DataFrame | nw.LazyFrame)
