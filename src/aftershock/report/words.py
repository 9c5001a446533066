"""The languages of a page: text from the catalogues, numbers and dates by locale."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd
from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import get_decimal_symbol, get_group_symbol
from markupsafe import Markup, escape

from aftershock.events.supply import read_holders
from aftershock.formats import DASH, SMALLEST_P
from aftershock.locale import LOCALES, catalogue
from aftershock.report.phrases import PHRASES, PLURALS

if TYPE_CHECKING:
    from collections.abc import Callable

    from babel.support import NullTranslations

HTML = {"en": "en", "zh": "zh-Hans"}
NAMES = {"en": "English", "zh": "中文"}
PLACES = {  # what may stand in a place of a phrase; elsewhere anything but a semicolon
    "n": r"[\d,.e+-]+", "all": r"[\d,.e+-]+", "days": r"[\d-]{10}(?:\.\.[\d-]{10})?",
    "check": "[a-z_]+",
}  # fmt: skip
SAID = {"note", "reason", "notice", "precision", "how", "detail", "check", "metric", "label"}
_PLACE = re.compile(r"\\\{(\w+)\\\}")


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    Attributes
    ----------
    code
        ``"en"`` or ``"zh"``.
    locale
        How it writes numbers and dates.
    catalogue
        Its translations; English is the language of the source and has none.
    """

    code: str
    locale: Locale
    catalogue: NullTranslations

    @property
    def html(self) -> str:
        """The value of the attribute ``lang``."""
        return HTML[self.code]

    def t(self, message: str, **values: object) -> str:
        """Return a message as plain text with its values put in."""
        said = self._said(message)
        return said.format(**values) if values else said

    def h(self, message: str, **values: object) -> Markup:
        """Return a message as HTML; values are escaped unless they are HTML themselves."""
        said = self._said(message).replace(" = ", "\u00a0=\u00a0")  # never broken
        return escape(said).format(**values)

    def numbered(self, one: str, many: str, n: object, **values: object) -> Markup:
        """Return the form of a message that goes with its number ``{n}``, as HTML."""
        said = self._close(self.catalogue.ngettext(one, many, _whole(n)))
        said = said.replace(" = ", "\u00a0=\u00a0")
        return escape(said).format(n=n, **values)

    def _said(self, message: str) -> str:
        """Return a message in this language."""
        return self._close(self.catalogue.gettext(message)) if message else ""

    @staticmethod
    def _close(said: str) -> str:
        """Return a text with percent signs as close to numbers as in tables."""
        return said.replace(" %", "%")

    def phrase(self, text: str) -> str:
        """Return a sentence of the engine in this language, as it stands where it is not known.

        Parts joined by semicolons are looked up one by one.
        """
        return _phrase(self, text)

    def number(self, value: float, spec: str) -> str:
        """Return a number by a format specification, in the locale's own signs."""
        text = format(value, spec)
        point, comma = _signs(self.locale)
        if (point, comma) == (".", ","):
            return text
        return text.translate({ord("."): point, ord(","): comma})

    def day(self, value: dt.date | pd.Timestamp) -> str:
        """Return a date, such as 9 Jul 2026 and 2026年7月9日."""
        return _day(value, self.locale)

    def month(self, number: int) -> str:
        """Return a month's short name."""
        return str(self.locale.months["stand-alone"]["abbreviated"][number])

    def moment(self, value: dt.datetime) -> str:
        """Return a day and an hour, such as 23 Nov 2026, 06:10:49."""
        return str(format_datetime(value, "medium", locale=self.locale))

    def show(self, value: Any, kind: str) -> str:
        """Return a cell of a table as it is read.

        Parameters
        ----------
        value
            What stands in the file.
        kind
            ``percent`` (signed), ``share``, ``number``, ``p``, ``plain``, ``price``, ``money``,
            ``short``, ``count``, ``day``, ``flag``, ``holders``, ``phrase`` or ``text``.
        """
        if kind in WORDS:
            said = "" if value is None or pd.isna(value) else str(value)
            return self.phrase(said) if kind == "phrase" else said
        if value is None or value == "" or pd.isna(value):
            return DASH
        shown = _SHOWN.get(kind)
        return shown(self, value) if shown else self.number(value, _SPECS[kind])


def _shown_p(lang: Language, value: float) -> str:
    if value < SMALLEST_P:
        return f"<{lang.number(SMALLEST_P, 'g')}"
    return lang.number(value, ".3f")


def _shown_holders(lang: Language, value: str) -> str:
    held = [
        f"{lang.phrase(name)} {lang.show(part, 'share1')}"
        for name, part in read_holders(value).items()
    ]
    return lang.t(", ").join(held)


def _shown_price(lang: Language, value: float) -> str:
    return lang.number(value, ",.2f" if abs(value) >= CENTS else ",.3f")


def _shown_short(lang: Language, value: float) -> str:
    return lang.number(value, ",.0f" if abs(value) >= WHOLE else ",.3g")


def _shown_share(lang: Language, value: float) -> str:
    return lang.number(value, ",.0%" if abs(value) >= 1.0 else ".1%")


WORDS = frozenset({"text", "phrase"})
CENTS = 10  # from here on two places tell one price from the next
WHOLE = 100  # from here on a figure of any unit needs no places
_SHOWN: dict[str, Callable[[Language, Any], str]] = {
    "day": lambda lang, value: lang.day(pd.Timestamp(value)),
    "moment": lambda lang, value: lang.moment(dt.datetime.fromisoformat(str(value))),
    "flag": lambda lang, value: lang.t("yes") if value else lang.t("no"),
    "p": _shown_p,
    "holders": _shown_holders,
    "price": _shown_price,
    "short": _shown_short,
    "share1": _shown_share,
}
_SPECS = {
    "percent": "+.2%",
    "share": ".2%",
    "percent1": "+.1%",
    "number": ",.2f",
    "plain": ",.10g",
    "money": ",.0f",
    "count": ",.0f",
}


@cache
def language(code: str) -> Language:
    """Return a language by its code; raises UnknownName for another."""
    found = catalogue(code)
    return Language(code, Locale.parse(LOCALES[code]), found)


@cache
def _phrase(lang: Language, text: str) -> str:
    """Return the parts in a language; a phrase that has semicolons itself is found as a whole."""
    parts = text.split("; ")
    said: list[str] = []
    at = 0
    while at < len(parts):
        ends = range(len(parts), at, -1)
        known = ((end, _known(lang, "; ".join(parts[at:end]))) for end in ends)
        at, found = next(((end, one) for end, one in known if one is not None), (at + 1, parts[at]))
        said.append(found)
    return lang.t("; ").join(said)


def _known(lang: Language, text: str) -> str | None:
    """Return a whole sentence in a language, None where no phrase fits it."""
    if not text or text in PHRASES:
        return lang.t(text)
    for pattern, one, many in _patterns():
        match = pattern.fullmatch(text)
        if match:
            parts = {place: _part(lang, place, v) for place, v in match.groupdict().items()}
            if many:
                return lang.catalogue.ngettext(one, many, _whole(parts["n"])).format(**parts)
            return lang.t(one, **parts)
    said = lang.t(text)
    return said if said != text else None


def _part(lang: Language, place: str, text: str) -> str:
    """Return what stands in a place of a phrase: names and ids stay as they are."""
    if place == "kinds":
        return lang.t(", ").join(lang.phrase(kind) for kind in text.split(", "))
    return lang.phrase(text) if place in SAID else text


@cache
def _patterns() -> list[tuple[re.Pattern[str], str, str]]:
    """Return the engine's sentences with places in them as patterns, longest first.

    Beside each pattern its message; of those that count, in both forms.
    """
    known = [(text, text, "") for text in PHRASES if "{" in text]
    known += [(text, *forms) for forms in PLURALS for text in forms]
    known.sort(key=lambda entry: len(entry[0]), reverse=True)
    return [(_pattern(text), one, many) for text, one, many in known]


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(_PLACE.sub(_place, re.escape(text)))


def _place(found: re.Match[str]) -> str:
    name = found.group(1)
    return f"(?P<{name}>{PLACES.get(name, '[^;]+?')})"


def _whole(n: object) -> int:
    """Return the number that a count, a cell or a text shows."""
    return int(re.sub(r"\D", "", str(n)) or 0)


@cache
def _signs(locale: Locale) -> tuple[str, str]:
    return get_decimal_symbol(locale), get_group_symbol(locale)


@cache
def _day(value: dt.date, locale: Locale) -> str:
    return str(format_date(value, "medium", locale=locale))
