"""A run of two studies and a backtest on the sample, with titles that try to be markup."""

from __future__ import annotations

import pytest
from workspaces import run_of


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    return run_of(
        tmp_path_factory.mktemp("page") / "ws", ["lockups", "model_launches"], ["unlock_short"]
    )
