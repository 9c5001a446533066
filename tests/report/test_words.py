"""Catalogues, phrases of the engine, numbers and dates by locale."""

from __future__ import annotations

import datetime as dt
import re

import pandas as pd
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup

from aftershock.errors import UnknownName
from aftershock.report.page import PAGES
from aftershock.report.words import language

METHODS = [("**.py", "python"), ("**.j2", "jinja2")]
KEYWORDS = {
    "t": None, "h": None, "say": None, "mark": None, "numbered": (1, 2), "plural": (1, 2),
}  # fmt: skip
CJK = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def written(root):
    found = extract_from_dir(
        root / "src" / "aftershock", METHODS, keywords=KEYWORDS,
        options_map={"**.j2": {"trim_blocks": "true", "lstrip_blocks": "true"}},
    )  # fmt: skip
    return {message for _, _, message, _, _ in found}


@pytest.fixture(scope="module")
def chinese(root):
    path = root / "src" / "aftershock" / "locale" / "zh" / "LC_MESSAGES" / "aftershock.po"
    with path.open("rb") as file:
        return {message.id: message for message in read_po(file, locale="zh_Hans_CN") if message.id}


def places(text):
    return sorted(re.findall(r"\{(\w+)\}", text))


def test_every_message_has_its_chinese_and_no_other_is_kept(written, chinese):
    assert len(written) > 400
    assert set(chinese) == written
    for message in chinese.values():
        assert not message.fuzzy, message.id
        forms = message.string if message.pluralizable else [message.string]
        full = message.id[1] if message.pluralizable else message.id
        for form in forms:
            assert form, message.id
            assert places(form) == places(full), message.id


def test_the_trade_s_own_terms_are_used(chinese):
    assert "解禁" in chinese["unlock"].string
    assert chinese["cornerstone"].string == "基石投资者"
    assert chinese["abnormal return"].string == "超额收益"
    assert "流通盘" in chinese["float before"].string


def test_numbers_and_dates_follow_the_locale():
    en, zh = language("en"), language("zh")
    day = pd.Timestamp("2026-07-09")
    assert (en.show(day, "day"), zh.show(day, "day")) == ("9 Jul 2026", "2026年7月9日")
    assert en.show(1234567.891, "money") == "1,234,568"
    assert en.show(-0.165341, "percent") == "-16.53%"
    assert en.show(0.0004, "p") == "<0.001"
    assert (en.show(True, "flag"), zh.show(True, "flag")) == ("yes", "是")
    assert en.show(float("nan"), "percent") == en.show(None, "day") == en.show(pd.NaT, "day") == "–"
    assert en.show(float("nan"), "text") == ""
    assert zh.moment(dt.datetime(2026, 11, 23, 6, 5, tzinfo=dt.UTC)) == "2026年11月23日 06:05:00"


def test_a_locale_with_other_signs_keeps_them():
    from babel import Locale

    from aftershock.report.words import Language

    german = Language("de", Locale.parse("de_DE"), language("en").catalogue)
    assert german.show(1234567.891, "number") == "1.234.567,89"


@pytest.mark.parametrize(
    ("n", "en", "zh"),
    [(0, "0 trades", "0 笔交易"), (1, "1 trade", "1 笔交易"), (2, "2 trades", "2 笔交易")],
)
def test_a_number_agrees_with_its_noun(n, en, zh):
    for code, said in (("en", en), ("zh", zh)):
        assert str(language(code).numbered("{n} trade", "{n} trades", n)) == said


def test_a_sentence_of_the_engine_agrees_in_both_languages():
    one = "lockups, unlock_short: 1 event lies after the run and was not traded".partition(": ")[2]
    assert language("en").phrase(one) == one
    assert language("zh").phrase(one) == "1 个事件晚于运行区间，未交易"
    many = "1,204 events lie after the run and were not traded"
    assert language("en").phrase(many) == many
    assert language("zh").phrase(many) == "1,204 个事件晚于运行区间，未交易"


def test_holders_are_told_in_words_and_percent():
    text = "state 0.4667; unknown 0.5333"
    assert language("en").show(text, "holders") == "state 46.7%, not named 53.3%"
    assert language("zh").show(text, "holders").startswith("国资 46.7%")
    assert language("en").show("", "holders") == "–"


def test_sentences_of_the_engine_are_told_in_chinese():
    zh = language("zh")
    assert zh.phrase("n too small (at least 5)") == "样本太小（至少 5 个）"
    said = zh.phrase("glm-5.2: not separable from anthropic-ban@2513.HK: the same session")
    assert said == "glm-5.2：与 anthropic-ban@2513.HK 同日，无法区分"
    two = zh.phrase(
        "not separable from a: the same session; estimation window (-60,-3) holds 50 of 58 returns"
    )
    assert two == "与 a 同日，无法区分；估计窗 (-60,-3) 有 58 个收益率中的 50 个"
    assert zh.phrase("no sentence the catalogue has") == "no sentence the catalogue has"
    assert zh.phrase("") == ""


def test_english_has_words_for_identifiers():
    assert language("en").phrase("lockup_expiry") == "lock-up expiry"
    assert language("en").phrase("n too small") == "n too small"


def test_another_language_is_one_sentence():
    with pytest.raises(UnknownName, match="unknown language 'fr'.*en"):
        language("fr")


def test_the_chinese_page_is_in_chinese(run):
    soup = BeautifulSoup((run / PAGES["zh"]).read_text("utf-8"), "html.parser")
    parts = [node.get_text() for node in soup.select("summary, figcaption, .lead, .kind, th")]
    wordless = [text for text in parts if not CJK.search(text)]
    # ids of events as captions, and what a Chinese reader writes in Latin letters too
    assert {text for text in wordless if "PNG" not in text} <= {
        "CAR",
        "t",
        "p",
        "n",
        "F",
        "R²",
        "BHAR",
        "p(Holm)",
        "p(BH)",
        "beta",
        "alpha",
        "^HSI",
        "product",
        "percent",
        "run up",
    }
