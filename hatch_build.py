"""Puts the example workspace into the wheel, as the template of ``aftershock init``."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PARTS = ("aftershock.toml", "events", "studies", "strategies", "results/README.md")


class TemplateHook(BuildHookInterface):  # type: ignore[type-arg]
    """An editable install reads the checkout instead and carries no copy."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the template to a wheel that is not editable."""
        if version != "editable":
            for part in PARTS:
                build_data["force_include"][part] = f"aftershock/workspace/template/{part}"
