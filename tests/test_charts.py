"""Chinese in figures: a font that has it, or a note and no empty boxes."""

from __future__ import annotations

import pytest

from aftershock import charts


@pytest.fixture
def no_font(monkeypatch):
    monkeypatch.setattr(charts, "chinese_font", lambda: None)


def drawn(name):
    ax = charts.new_axes()
    ax.plot([0, 1], [0, 1], label=name)
    charts.title(ax, name)
    ax.legend()
    return ax


def test_without_a_font_the_labels_are_english_and_the_figure_says_so(no_font):
    assert charts.speaker("zh")("abnormal return") == "abnormal return"
    ax = charts.finish(drawn("解禁 unlock"), "zh")
    assert ax.get_title(loc="left") == "?? unlock"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["?? unlock"]
    assert charts.NO_FONT in [text.get_text() for text in ax.texts]


def test_latin_figures_say_nothing_of_fonts(no_font):
    assert list(charts.finish(drawn("unlock"), "en").texts) == []


@pytest.mark.skipif(charts.chinese_font() is None, reason="no Chinese font is installed")
def test_with_a_font_every_letter_has_a_glyph(tmp_path):
    assert charts.speaker("zh")("abnormal return") == "超额收益"
    ax = charts.finish(drawn("解禁 超额收益"), "zh")
    png, svg = charts.save(ax, tmp_path / "a")  # a missing glyph is a warning, and so an error
    assert png.stat().st_size > 1000
    assert svg.read_text("utf-8").startswith("<?xml")
    again = charts.save(charts.finish(drawn("解禁 超额收益"), "zh"), tmp_path / "b" / "a")
    assert [path.read_bytes() for path in again] == [png.read_bytes(), svg.read_bytes()]
