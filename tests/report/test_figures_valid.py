"""Every figure of a page is one that plotly itself would take."""

from __future__ import annotations

import base64
import gzip
import json

import plotly.graph_objects as go
import pytest
from bs4 import BeautifulSoup

from aftershock.report.charts.base import templates
from aftershock.report.page import PAGES


@pytest.mark.parametrize("page", PAGES.values())
def test_plotly_takes_every_figure_with_the_look_of_either_theme(run, page):
    soup = BeautifulSoup((run / page).read_text("utf-8"), "html.parser")
    packed = soup.select_one("script#figures").string
    figures = json.loads(gzip.decompress(base64.b64decode(packed)))
    assert len(figures) > 15
    for figure in figures.values():
        go.Figure(figure)
    for look in templates().values():
        go.layout.Template(look)


def test_plotly_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="Invalid property"):
        go.Figure({"data": [{"type": "bar", "heigth": [1]}]})
