"""The notebook runs, and shows what the engine finds."""

from __future__ import annotations

import shutil
import warnings

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")


@pytest.fixture(scope="module")
def executed(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    shutil.copytree(
        root / "examples" / "facebook-2012", folder / "facebook-2012",
        ignore=shutil.ignore_patterns("results", "__pycache__"),
    )  # fmt: skip
    notebook = nbformat.read(root / "examples" / "walkthrough.ipynb", as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(folder)}}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kernel's client, not the project
        client.execute()  # raises where a cell does
    return notebook


def outputs(notebook, kind):
    return [
        out["data"][kind] for cell in notebook.cells for out in cell.get("outputs", ())
        if kind in out.get("data", {})
    ]  # fmt: skip


def test_results_show_themselves(executed):
    shown = " ".join(outputs(executed, "text/html"))
    assert "Facebook&#x27;s lock-up expiries" in shown
    assert "+12.58%" in shown  # the abnormal return of 2012-11-14, as tests/reference has it
    assert "unlock_short" in shown
    assert len(outputs(executed, "image/png")) == 3


def test_it_is_committed_as_it_runs(executed, root):
    kept = nbformat.read(root / "examples" / "walkthrough.ipynb", as_version=4)
    assert all(cell["execution_count"] for cell in kept.cells if cell.cell_type == "code")
    again = "in examples/: jupyter execute --inplace walkthrough.ipynb"
    assert outputs(kept, "text/html") == outputs(executed, "text/html"), again
