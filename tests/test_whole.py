from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG

from aftershock.charts import new_axes, save
from aftershock.tables import write_table
from aftershock.whole import replacing, write_whole

OLD = "what was there"


class Full:
    """A disk on which every file breaks off."""

    def __init__(self, monkeypatch):
        self.monkeypatch = monkeypatch

    def __call__(self, owner, name):
        def breaks_off(_, path, *args, **kwargs):
            Path(path).write_bytes(b"half")
            raise OSError(28, "No space left on device")

        self.monkeypatch.setattr(owner, name, breaks_off)


@pytest.fixture
def full(monkeypatch):
    return Full(monkeypatch)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_reader_finds_the_old_file_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "page.html"
    write_whole(path, OLD)
    with replacing(path) as beside:
        beside.write_text("new", "utf-8")
        assert path.read_text("utf-8") == OLD
        assert beside.name.startswith(".")
    assert path.read_text("utf-8") == "new"
    assert names(tmp_path) == ["page.html"]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "page.html"
    with replacing(path) as one, replacing(path) as other:
        one.write_text("one", "utf-8")
        other.write_text("other", "utf-8")
    assert path.read_text("utf-8") == "one"  # the last to finish
    assert names(tmp_path) == ["page.html"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_write_that_fails_changes_nothing(tmp_path, error):
    path = tmp_path / "page.html"
    write_whole(path, OLD)
    with pytest.raises(error), replacing(path) as beside:
        beside.write_text("half", "utf-8")
        raise error
    assert path.read_text("utf-8") == OLD
    assert names(tmp_path) == ["page.html"]


def test_a_table_is_written_whole(tmp_path, full):
    path = write_table(pd.DataFrame({"a": [1]}), tmp_path / "a.csv")
    before = path.read_bytes()
    full(pd.DataFrame, "to_csv")
    with pytest.raises(OSError, match="No space"):
        write_table(pd.DataFrame({"a": [2]}), path)
    assert path.read_bytes() == before
    assert names(tmp_path) == ["a.csv"]


def test_a_figure_is_written_whole(tmp_path, full):
    _, svg = save(new_axes(), tmp_path / "equity")
    before = svg.read_bytes()
    full(FigureCanvasSVG, "print_svg")
    with pytest.raises(OSError, match="No space"):
        save(new_axes(), tmp_path / "equity")
    assert svg.read_bytes() == before
    assert names(tmp_path) == ["equity.png", "equity.svg"]


def test_a_folder_that_was_deleted_does_not_come_back(tmp_path):
    with pytest.raises(FileNotFoundError):
        save(new_axes(), tmp_path / "gone" / "figures" / "equity")
    assert names(tmp_path) == []
