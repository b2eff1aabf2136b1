"""Content negotiation: which of the forms that a route can make a client prefers.

Source: RFC 9110, sections 12.4.2 (quality values) and 12.5.1 (Accept).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OfferedForm:
    """A form that an answer can have.

    Attributes:
        name: what `preferred_form` returns.
        media_type: what wildcards match, too.
        aliases: media types that match when they are named.
        named_only: whether wildcards do not match it.
        first_named: whether it goes before others that are named with the same quality.
    """

    name: str
    media_type: str
    aliases: Sequence[str] = ()
    named_only: bool = False
    first_named: bool = False


@dataclass(frozen=True, slots=True)
class _Range:
    """A media range of the header: its quality, 0 to 1, and its place among the others."""

    quality: float
    place: int


_Rank = tuple[float, int, int]
"""Quality, how specific the range is, and its place, negative: the largest is preferred."""


def preferred_form(accept: str, offers: Sequence[OfferedForm]) -> str | None:
    """Return the form that a client prefers, or None where it takes none.

    The highest quality counts, then a type that is named more than a wildcard, then the order of
    the header, then that of the offers.

    Args:
        accept: value of the header; several joined by commas. Empty takes everything.
        offers: in the server's order.
    """
    ranges = dict(_ranges(accept)) if accept.strip() else {"*/*": _Range(1.0, 0)}
    ranked = ((_rank(offer, ranges), offer.name) for offer in offers)
    acceptable = [(rank, name) for rank, name in ranked if rank is not None]
    # `max` returns the first of equals, which is the server's order.
    return max(acceptable, key=lambda pair: pair[0])[1] if acceptable else None


def _rank(offer: OfferedForm, ranges: Mapping[str, _Range]) -> _Rank | None:
    ranks = [_rank_of_name(name, offer, ranges) for name in (offer.media_type, *offer.aliases)]
    return max((rank for rank in ranks if rank is not None), default=None)


def _rank_of_name(name: str, offer: OfferedForm, ranges: Mapping[str, _Range]) -> _Rank | None:
    """Return the rank that the most specific range gives; None where it excludes the type."""
    wildcards = [] if name != offer.media_type or offer.named_only else ["*/*"]
    keys = [name, *([f"{name.partition('/')[0]}/*"] if wildcards else []), *wildcards]
    for key in keys:
        if key in ranges:
            found = ranges[key]
            specific = key == name
            place = -1 if specific and offer.first_named else found.place
            rank = (found.quality, 2 if specific else int(key != "*/*"), -place)
            return rank if found.quality > 0 else None
    return None


def _ranges(accept: str) -> Iterator[tuple[str, _Range]]:
    """Yield the media ranges, without what is none; the first of a type counts."""
    seen: set[str] = set()
    for place, entry in enumerate(accept.split(",")):
        kind, *parameters = entry.split(";")
        name = kind.strip().lower()
        quality = _quality(parameters)
        if name.count("/") == 1 and quality is not None and name not in seen:
            seen.add(name)
            yield name, _Range(quality, place)


def _quality(parameters: Sequence[str]) -> float | None:
    """Return a range's quality: 1 unless it says otherwise, None where it is no such number."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            return _share(value.strip())
    return 1.0


def _share(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None
