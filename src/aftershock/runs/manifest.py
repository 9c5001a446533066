"""What a run was made from: enough to make it again and to see that nothing changed."""

from __future__ import annotations

import json
import platform
import subprocess
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any

from aftershock import __version__
from aftershock.runs.folder import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PACKAGES = (
    "numpy", "pandas", "scipy", "statsmodels", "backtrader", "exchange_calendars", "yfinance",
)  # fmt: skip


@dataclass(slots=True)
class Manifest:
    """The record of one run.

    Attributes
    ----------
    command
        The command that made it.
    started
        UTC time, ISO 8601.
    title, seed, source, is_market_data, notice
        The workspace's settings and the price source.
    prices
        SHA-256 of the price panel, its tickers and its span.
    inputs
        SHA-256 of every file the run read, by path: settings, events, studies and strategies, the
        modules they import, factors, rates, own sources and the files these name.
    age
        How old the newest price was by the run's clock, and the ids of events that were due
        without prices and of those ahead.
    studies, backtests
        Names, titles and conventions of what was run.
    page
        Estimates that the verdicts count, and how often chance alone shows one below 5 %.
    warnings
        Every warning, each once, with the names of the studies and backtests it belongs to; in
        the file one line each, ``lockups, listings: ...``.
    """

    command: str
    started: str
    title: str
    seed: int
    source: str
    is_market_data: bool
    notice: str
    prices: dict[str, Any]
    inputs: dict[str, str]
    age: dict[str, Any] = field(default_factory=dict)
    git: dict[str, Any] = field(default_factory=dict)
    studies: dict[str, Any] = field(default_factory=dict)
    backtests: dict[str, Any] = field(default_factory=dict)
    page: dict[str, float | None] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)

    def warn(self, name: str, sentences: Iterable[str]) -> None:
        """Add the warnings of one study or backtest."""
        for sentence in sentences:
            self.warnings.setdefault(sentence, []).append(name)

    def write(self, folder: Path) -> None:
        """Write ``manifest.json`` into a run's folder."""
        record = {
            "aftershock": __version__,
            "python": platform.python_version(),
            "versions": versions(),
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "warnings": [f"{', '.join(names)}: {said}" for said, names in self.warnings.items()],
        }
        text = json.dumps(record, indent=2, ensure_ascii=False, default=str)
        (folder / MANIFEST).write_text(text + "\n", "utf-8")


def versions() -> dict[str, str]:
    """Return the installed version of every package a number depends on."""
    return {name: metadata.version(name) for name in PACKAGES}


def git_state(root: Path) -> dict[str, Any]:
    """Return commit and whether files differ from it; empty outside a git checkout."""
    commit = _git(root, "rev-parse", "HEAD")
    if not commit:
        return {}
    return {"commit": commit, "modified": bool(_git(root, "status", "--porcelain"))}


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            # without its optional locks: the user's own commit of the same second goes through
            ["git", "--no-optional-locks", "-C", str(root), *arguments],  # noqa: S607
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
