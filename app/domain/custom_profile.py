"""Reading profiles that a request describes itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from app.domain.errors import InvalidFieldError
from app.domain.json_text import read_json
from app.domain.profile import DEFAULT_PROFILE, ReadingProfile, profile_named

_MAX_JSON_CHARS = 2000
_CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class _Range:
    """Numbers that a limit may have, both ends included."""

    least: float
    most: float
    is_whole: bool = True

    def parse(self, name: str, value: object) -> float:
        """Return a number.

        Raises:
            InvalidFieldError: it is none, or out of range.
        """
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidFieldError(f"profile: {name} must be a number")
        if not self.least <= value <= self.most:
            raise InvalidFieldError(f"profile: {name} must be from {self.least:g} to {self.most:g}")
        if self.is_whole and value != int(value):
            raise InvalidFieldError(f"profile: {name} must be a whole number")
        return int(value) if self.is_whole else float(value)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidFieldError(f"profile: {name} must be true or false")
    return value


PROFILE_FIELDS: Mapping[str, Callable[[str, object], object]] = MappingProxyType(
    {
        "max_line_chars": _Range(8, 200).parse,
        "max_lines": _Range(1, 4).parse,
        "max_cps": _Range(1, 100, is_whole=False).parse,
        "min_duration_ms": _Range(200, 5000).parse,
        "max_duration_ms": _Range(1000, 60_000).parse,
        "min_gap_ms": _Range(0, 1000).parse,
        "linger_ms": _Range(0, 5000).parse,
        "frame_width_px": _Range(16, 16_384).parse,
        "frame_height_px": _Range(16, 16_384).parse,
        "chain_below_ms": _Range(0, 2000).parse,
        "snap_ms": _Range(0, 2000).parse,
        "gap_in_frames": _flag,
        "speaker_dashes": _flag,
        "italics": _flag,
        "free_translations": _flag,
        "children": _flag,
        "sdh": _flag,
        "labels": _flag,
    }
)
"""Fields of a profile that a request may set, each with its parser."""


def parse_profile(value: str | Mapping[str, object]) -> ReadingProfile:
    """Return a profile by its name, or the one that an object or its JSON text describes.

    An object has ``base``, the name of the profile whose limits hold where it sets none, and fields
    of ``PROFILE_FIELDS``. A limit that it sets holds for every language.

    Raises:
        InvalidProfileError: no profile has that name.
        InvalidFieldError: a field is unknown, of the wrong type, out of range, or contradicts
            another.
    """
    if not isinstance(value, str):
        return _custom(value)
    if not value.lstrip().startswith("{"):
        return profile_named(value.strip())
    if len(value) > _MAX_JSON_CHARS:
        raise InvalidFieldError(f"profile: at most {_MAX_JSON_CHARS} characters")
    try:
        parsed = read_json(value)
    except ValueError:
        raise InvalidFieldError("profile: not valid JSON") from None
    if not isinstance(parsed, Mapping):
        raise InvalidFieldError("profile: must be a name or an object")
    return _custom(parsed)


def _custom(fields: Mapping[str, object]) -> ReadingProfile:
    base = fields.get("base", DEFAULT_PROFILE.name)
    if not isinstance(base, str):
        raise InvalidFieldError("profile: base must be the name of a profile")
    own = {name: value for name, value in fields.items() if name != "base"}
    for name in own:
        if name not in PROFILE_FIELDS:
            raise InvalidFieldError(
                f"profile: unknown field {name[:40]!r}; known: base, {', '.join(PROFILE_FIELDS)}"
            )
    parsed = {name: PROFILE_FIELDS[name](name, value) for name, value in own.items()}
    profile = profile_named(base)
    fixed = tuple(sorted({*profile.fixed, *parsed}))
    made = replace(profile, name=_CUSTOM, fixed=fixed, **parsed)  # type: ignore[arg-type]
    if "children" in parsed or "sdh" in parsed:
        labels = made.labels if "labels" in parsed else None
        made = made.for_readers(children=made.children, sdh=made.sdh, labels=labels)
    _check(made)
    return made


def _check(profile: ReadingProfile) -> None:
    """Check limits against one another.

    Raises:
        InvalidFieldError: no cue could obey them.
    """
    if profile.min_duration_ms > profile.max_duration_ms:
        raise InvalidFieldError("profile: min_duration_ms is larger than max_duration_ms")
    if profile.chain_below_ms and profile.chain_below_ms < profile.min_gap_ms:
        raise InvalidFieldError("profile: chain_below_ms is smaller than min_gap_ms")
