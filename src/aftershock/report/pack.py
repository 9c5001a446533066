"""What a page carries compressed: the plotting library, its figures, the run's files."""

from __future__ import annotations

import base64
import gzip
import json
from functools import cache
from importlib import resources
from typing import Any

LEVEL = 9


def packed(text: str | bytes) -> str:
    """Return gzip as base64, which a page's script inflates; the same text gives the same bytes."""
    data = text.encode() if isinstance(text, str) else text
    return base64.b64encode(gzip.compress(data, LEVEL, mtime=0)).decode("ascii")


def packed_json(data: Any) -> str:
    """Return data as packed JSON without blanks."""
    return packed(json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False))


@cache
def plotting_library() -> str:
    """Return plotly's script out of the installed package, packed."""
    script = resources.files("plotly") / "package_data" / "plotly.min.js"
    return packed(script.read_bytes())
