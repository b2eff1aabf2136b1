"""Figures of a translation that cannot be its line's."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from app.services.translation.quality.model_talk import mentions, terms_of

_NUMBER = re.compile(r"\d++(?:[.,:'’٫٬/\u00a0\u202f\u2009 -]\d++)*+")
_GROUP = re.compile(r"\d+")

_CONVERSIONS = (1.609344, 0.3048, 2.54, 0.45359, 28.35, 3.785, 0.9144, 0.4047, 30.48, 0.0254, 6.35)
"""Miles, feet, inches, pounds, ounces, gallons, yards, acres and stones in metric units."""

_ROUNDED = 0.12
"""A converted figure is rounded."""

_WORDY = 13
"""Smaller numbers are often written in words, and one of them in figures by chance."""

_SPARE_DIGITS = 2
_HALF_DAY = 12
_NUMBER_LENGTH = 24

_EMERGENCY_TEXT = "911 999 112 110 119 113 118 115 190 111 100 101 102 103 108 120 15 17 18"
_EMERGENCY = frozenset(_EMERGENCY_TEXT.split())
"""Calls for help have another number in another country."""

_SCALES = terms_of("""
thousand|million|billion|trillion|hundred|dozen|grand_|k_|bn_|mil_|mill|mio_|mrd_|mld_|tausend|hundert|
mille|cent_|cents_|cien|miljo|milj|miljard|tusen|duizend|honderd|tuhat|tuhan|sata|tys|mln|tysiąc|setk|tisíc|
ezer|száz|mii_|mie_|sute|bin_|yüz|milyon|milyar|χίλι|χιλιάδ|εκατομ|εκατό|тыс|млн|млрд|
миллион|сот|тисяч|мільй|хиляд|милион|стотин|ألف|
آلاف|مليون|مئة|אלף|אלפ|מיליון|מאה|هزار|میلیون|صد_|हज़ार|हजार|लाख|करोड़|सौ_|พัน|หมื่น|แสน|ล้าน|ร้อย|
nghìn|ngàn|triệu|tỷ|trăm|ribu|juta|miliar|ratus
""")
"""Words that carry the zeros of a number."""

_MYRIADS = re.compile(r"[\d.]\s?[万萬億亿千百만억천백兆조]")
"""The same in East Asia, where they follow figures."""

_UNITS = terms_of("""
mile|mph|feet|foot|ft_|inch|pound|lb_|lbs_|ounce|oz_|gallon|yard|acre|fahrenheit|degree|stone_|kilo|km_|kg_|
metr|meter|mètr|cm_|lit|celsius|milla|pies_|pulgad|libra|meile|fuß|zoll|pfund|grad|pied|pouce|livre|миль|
фут|дюйм|фунт|градус|км_|кг_|метр|英里|英尺|磅|公里|公斤|米|度|マイル|フィート|ポンド|キロ|メートル|마일|
피트|킬로|미터|파운드
""")
"""Units of measure that a translation may convert."""

_FEET = re.compile(r"\d\s?['’′]\s?\d{1,2}(?!\d)")
"""Feet and inches, which become a fraction of metres: ``5'11"``."""


def has_other_figures(source: str, text: str) -> bool | None:
    """Whether a translation has figures in place of its line's.

    The same number in another spelling is the same: other separators and digits, another scale
    ("1.5 million", ``1500000``, ``150万``), a 24-hour clock, metric units, a full year for a
    decade. A number in words is never wrong.

    Returns:
        True where it is clear: one number on either side, none of them small; None where words
        may be behind it; False where all is well.
    """
    own, other = _groups(source), _groups(text)
    missing, extra = own - other, other - own
    if not missing or not extra or _joined(source) == _joined(text):
        return False
    comparison = _Comparison(
        has_scale=_has_scale(source) or _has_scale(text),
        has_unit=mentions(source, _UNITS) or mentions(text, _UNITS),
    )
    if comparison.same_digits(source, text):
        return False
    lacking = [one for one in missing if not any(comparison.alike(one, two) for two in extra)]
    unexplained = [two for two in extra if not any(comparison.alike(one, two) for one in missing)]
    if not lacking or not unexplained or _FEET.search(source) or _FEET.search(text):
        return False
    single = len(_numbers(source)) == len(_numbers(text)) == 1
    large = all(_value(group) >= _WORDY for group in (*lacking, *unexplained))
    return True if single and large and not comparison.has_unit else None


@dataclass(frozen=True, slots=True)
class _Comparison:
    """How the numbers of a line and its translation may differ.

    Attributes:
        has_scale: whether zeros may be said in a word.
        has_unit: whether another unit may be meant.
    """

    has_scale: bool
    has_unit: bool

    def same_digits(self, source: str, text: str) -> bool:
        """Whether both have the same digits in order, however they are parted and scaled."""
        ours = "".join(_GROUP.findall(_plain(source)))
        theirs = "".join(_GROUP.findall(_plain(text)))
        return self._same(ours, theirs)

    def alike(self, own: str, other: str) -> bool:
        """Whether one number may stand for the other."""
        if self._same(own, other) or (own in _EMERGENCY and other in _EMERGENCY):
            return True
        short, full = sorted((own, other), key=len)
        is_year = len(short) == _SPARE_DIGITS and len(full) == 2 * _SPARE_DIGITS
        if is_year and full.endswith(short):
            return True
        ours, theirs = _value(own), _value(other)
        return _is_clock(ours, theirs) or (self.has_unit and _converts(ours, theirs))

    def _same(self, own: str, other: str) -> bool:
        if own.lstrip("0") == other.lstrip("0"):
            return True
        return self.has_scale and _significant(own) == _significant(other)


def _has_scale(text: str) -> bool:
    return mentions(text, _SCALES) or _MYRIADS.search(text) is not None


def _numbers(text: str) -> list[str]:
    return _NUMBER.findall(_plain(text))


def _groups(text: str) -> Counter[str]:
    """Return the runs of digits of a text, without leading zeros."""
    return Counter(group.lstrip("0") or "0" for group in _GROUP.findall(_plain(text)))


def _joined(text: str) -> Counter[str]:
    """Return the numbers of a text without separators: ``1,250`` and ``1 250`` are 1250."""
    return Counter(
        _whole("".join(filter(str.isdigit, number)), number) for number in _numbers(text)
    )


def _whole(digits: str, number: str) -> str:
    """Return a number's digits without the zeros that end a fraction: ``3.50`` is 35."""
    fraction = _FRACTION.search(number)
    return (digits.rstrip("0") if fraction else digits).lstrip("0") or "0"


_FRACTION = re.compile(r"[.,]\d{1,2}\Z")


def _significant(digits: str) -> str:
    return digits.strip("0") or "0"


def _is_clock(ours: int, theirs: int) -> bool:
    """Whether two hours differ by half a day."""
    return abs(ours - theirs) == _HALF_DAY and max(ours, theirs) <= 2 * _HALF_DAY


def _converts(ours: int, theirs: int) -> bool:
    if min(ours, theirs) < 1 or max(ours, theirs) < 5:
        return False
    return (
        any(
            abs(theirs - ours * factor) <= _ROUNDED * ours * factor * 0.5
            or abs(theirs - ours / factor) <= _ROUNDED * ours / factor * 0.5
            for factor in _CONVERSIONS
        )
        or abs(theirs - (ours - 32) / 1.8) <= 1
    )


def _value(group: str) -> int:
    return int(group[:_NUMBER_LENGTH])


def _plain(text: str) -> str:
    return "".join(_plain_digit(char) for char in text)


def _plain_digit(char: str) -> str:
    value = unicodedata.decimal(char, None)
    return char if value is None else str(value)
