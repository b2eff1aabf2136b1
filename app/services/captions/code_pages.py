"""Encodings in which files of a language come, by language, the likeliest first.

Names are those of Python's codecs. Source: the code pages of Windows, DOS and the Macintosh, the
parts of ISO 8859, and the national standards that each language's alphabet was made for.
"""

from __future__ import annotations

from app.domain.language import Language

_WESTERN = ("cp1252", "iso8859-15", "mac-roman", "cp850", "cp437", "cp858")
_NORDIC = (*_WESTERN, "cp865", "iso8859-10")
_CENTRAL = ("cp1250", "iso8859-2", "mac-latin2", "cp852")
_CROATIAN = (*_CENTRAL, "mac-croatian")
_BALTIC = ("cp1257", "iso8859-13", "cp775", "iso8859-4", "iso8859-10")
_TURKISH = ("cp1254", "iso8859-9", "mac-turkish", "cp857")
_CYRILLIC = ("cp1251", "koi8-r", "koi8-u", "cp866", "iso8859-5", "mac-cyrillic", "cp855")
_CELTIC = ("cp1252", "iso8859-14", "iso8859-15", "mac-roman", "cp850")

SINGLE_BYTE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("en", "de", "fr", "es", "pt", "it", "nl", "ca", "gl"), _WESTERN),
    "pt": (*_WESTERN, "cp860"),
    "fr": (*_WESTERN, "cp863"),
    **dict.fromkeys(("sv", "fi", "da", "no"), _NORDIC),
    "is": ("cp1252", "mac-iceland", "iso8859-15", "cp861", "cp850", "iso8859-10"),
    "sq": ("cp1252", "cp1250", "iso8859-2", "cp852", "mac-roman"),
    "ga": _CELTIC,
    "cy": _CELTIC,
    **dict.fromkeys(("cs", "sk", "pl", "hu"), _CENTRAL),
    **dict.fromkeys(("hr", "sl", "sr"), _CROATIAN),
    "ro": ("cp1250", "iso8859-2", "mac-romanian", "cp852"),
    "et": ("cp1257", "cp1252", "iso8859-13", "iso8859-15", "iso8859-4", "cp775", "mac-latin2"),
    **dict.fromkeys(("lv", "lt"), (*_BALTIC, "mac-latin2")),
    "tr": _TURKISH,
    "az": _TURKISH,
    "mt": ("iso8859-3",),
    "eo": ("iso8859-3",),
    "vi": ("cp1258",),
    **dict.fromkeys(("ru", "uk", "be", "bg", "mk", "sr-Cyrl"), _CYRILLIC),
    "el": ("cp1253", "iso8859-7", "mac-greek", "cp737", "cp869"),
    "he": ("cp1255", "iso8859-8", "cp862"),
    "ar": ("cp1256", "iso8859-6", "mac-arabic", "cp720", "cp864"),
    "fa": ("cp1256", "mac-farsi"),
    "th": ("cp874", "tis-620"),
}

MULTI_BYTE: dict[str, tuple[str, ...]] = {
    "ja": ("cp932", "euc-jp", "euc-jis-2004", "shift-jis-2004"),
    "ko": ("cp949", "euc-kr", "johab"),
    "zh": ("gb18030", "big5hkscs", "cp950"),
}

ESCAPED: dict[str, tuple[str, ...]] = {
    "ja": ("iso2022-jp", "iso2022-jp-2004"),
    "ko": ("iso2022-kr",),
    "zh": ("hz",),
}
"""Encodings of ASCII alone, which change the meaning of characters by escape sequences."""

_ALIKE = {
    "bs": "hr", "nb": "no", "nn": "no", "fo": "is", "af": "nl", "lb": "de", "eu": "es",
    "oc": "fr", "br": "fr", "id": "en", "ms": "en", "sw": "en", "fil": "en", "ur": "fa",
    "yue": "zh", "yi": "he", "arz": "ar", "tk": "tr", "la": "it", "gd": "ga", "ast": "es",
}  # fmt: skip
"""A language of the tables whose letters hold those of another one."""


def names_of(language: Language) -> tuple[str, ...]:
    """Return the names under which the tables have a language; none where it has no encoding."""
    name = _ALIKE.get(language.base, language.base)
    if name == "sr":
        both = {"Cyrl": ("sr-Cyrl", "sr"), "Latn": ("sr", "sr-Cyrl")}
        return both[language.script or "Cyrl"]
    return (name,) if name in SINGLE_BYTE or name in MULTI_BYTE else ()
