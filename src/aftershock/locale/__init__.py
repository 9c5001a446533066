"""Message catalogues: ``<code>/LC_MESSAGES/aftershock.po``, compiled when they are first read.

They are kept as text alone, so that no compiled copy can be older than its source and an
installation needs no further step.
"""

from __future__ import annotations

import io
from functools import cache
from importlib import resources
from typing import Literal

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from aftershock.errors import unknown

Code = Literal["en", "zh"]
LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}


@cache
def catalogue(code: str) -> NullTranslations:
    """Return a language's translations; raises UnknownName for a language there is none of.

    English is the language of the source: its catalogue has words for identifiers only.
    """
    if code not in LOCALES:
        raise unknown("language", code, LOCALES)
    source = resources.files("aftershock") / "locale" / code / "LC_MESSAGES" / "aftershock.po"
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source.read_bytes()), locale=LOCALES[code]))
    return Translations(io.BytesIO(compiled.getvalue()), domain="aftershock")
