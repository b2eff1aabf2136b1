"""Time lines of captions as files in the wild have them: other spellings, and damage."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WrittenTimes:
    """A time line and what is certain of its times.

    Attributes:
        text: the line; it may hold a line break.
        start_ms: None where the line does not say.
        end_ms: None where the line does not say.
        unreadable: whether neither can be known, so that the text may be left out.
        usual: whether nothing has to be told, since formats have it so.
    """

    text: str
    start_ms: int | None
    end_ms: int | None
    unreadable: bool = False
    usual: bool = False


ARROWS = (
    *("->", "--->", "-- >", "- ->", "==>", "=>", "~~>", ">", ">>", "–>", "—>", "––>", "−−>", "→"),
    *(
        "-→",
        "⇒",
        "--&gt;",
        "--&amp;gt;",
        "-&#62;",
        "－－＞",
        "﹣﹣﹥",
        "--»",
        "---",
        "--",
        "-",
        "–",
        "|",
    ),
    *("to", "\t", " ", "..", "~"),
)
SCRIPTS = (
    "٠١٢٣٤٥٦٧٨٩",
    "۰۱۲۳۴۵۶۷۸۹",
    "०१२३४५६७८९",
    "০১২৩৪৫৬৭৮৯",
    "０１２３４５６７８９",
    "๐๑๒๓๔๕๖๗๘๙",
)
INVISIBLE = ("\ufeff", "\u200b", "\u200e", "\u202a", "\u2060", "\0", "\xad")


def clock(ms: int, separators: tuple[str, str, str] = (":", ":", ",")) -> str:
    """Return ``hh:mm:ss,mmm`` with any separators."""
    hours, minutes, seconds = ms // 3_600_000, ms // 60_000 % 60, ms // 1000 % 60
    first, second, third = separators
    return f"{hours:02}{first}{minutes:02}{second}{seconds:02}{third}{ms % 1000:03}"


def exact(start_ms: int, end_ms: int, mark: str = ",") -> WrittenTimes:
    """Return a time line as its format has it."""
    text = f"{clock(start_ms, (':', ':', mark))} --> {clock(end_ms, (':', ':', mark))}"
    return WrittenTimes(text, start_ms, end_ms, usual=True)


Spelling = Callable[[random.Random, int, int], WrittenTimes]


def _arrow(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    arrow = rng.choice(ARROWS)
    space = (
        " " if arrow.isalpha() or arrow in ("-", "..", "~", "–") else rng.choice(("", " ", "  "))
    )
    text = f"{clock(start_ms)}{space}{arrow}{space}{clock(end_ms)}"
    return WrittenTimes(text, start_ms, end_ms)


def _separators(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    first, second, third = SEPARATOR_PARTS[rng.randrange(len(SEPARATOR_PARTS))]
    parts = (first, second, third)
    text = f"{clock(start_ms, parts)} --> {clock(end_ms, parts)}"
    return WrittenTimes(text, start_ms, end_ms, usual=parts == (":", ":", "."))


SEPARATOR_PARTS = (
    *((":", ":", "."), (":", ":", ":"), (":", ":", ";"), (";", ";", ","), (".", ".", ".")),
    *(
        ("：", "：", "，"),
        ("：", "：", "．"),
        ("∶", "∶", ","),
        (": ", ": ", ","),
        (": ", ": ", ", "),
    ),
    *((" : ", " : ", ","), ("::", "::", ","), (":", ":", ",,"), (":", ":", "٫"), (":", ":", "'")),
)


def _unpadded(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    """Numbers of their own widths, whole tenths, hours left out where there are none."""
    start_ms, end_ms = start_ms // 100 * 100, end_ms // 100 * 100
    hours = rng.random() < 0.5
    text = " --> ".join(_short(ms, hours=hours) for ms in (start_ms, end_ms))
    return WrittenTimes(text, start_ms, end_ms, usual=True)


def _short(ms: int, *, hours: bool) -> str:
    minutes = ms // 60_000
    head = f"{minutes // 60}:{minutes % 60}" if hours or minutes >= 60 else f"{minutes}"
    return f"{head}:{ms // 1000 % 60},{ms % 1000 // 100}"


def _fraction(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    """Without a fraction, or with more digits than three."""
    if rng.random() < 0.5:
        start_ms = start_ms // 1000 * 1000
        end_ms = max(start_ms + 1000, end_ms // 1000 * 1000)
        text = f"{clock(start_ms)[:-4]} --> {clock(end_ms)[:-4]}"
    else:
        more = "".join(rng.choices("0123456789", k=rng.randint(1, 5)))
        text = f"{clock(start_ms)}{more} --> {clock(end_ms)}{more}"
    return WrittenTimes(text, start_ms, end_ms, usual=True)


def _script(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    line = exact(start_ms, end_ms)
    table = str.maketrans("0123456789", rng.choice(SCRIPTS))
    return WrittenTimes(line.text.translate(table), start_ms, end_ms)


def _invisible(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    text = exact(start_ms, end_ms).text
    for _ in range(rng.randint(1, 4)):
        place = rng.randint(0, len(text))
        text = text[:place] + rng.choice(INVISIBLE) + text[place:]
    return WrittenTimes(text, start_ms, end_ms)


_AROUND = (
    *("[{}]", "({})", '"{}"', "<{}>", "17 {}", "17. {}", "#17 {}", "  {}  ", "\t{}", "* {}"),
    *("{} X1:10 X2:20 Y1:30 Y2:40", "{}  X1: 10 X2: 20 Y1: 30 Y2: 40", "{} align:start line:0%"),
    *("{} !", "{} ;", "{}!", "{} -->", "{} ,", "{} ]", "**{}**"),
)
_USUAL_AROUND = ("  {}  ", "\t{}", *_AROUND[10:13])


def _around(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    """In brackets, after a number, with settings, coordinates or rubbish behind it."""
    text = exact(start_ms, end_ms).text
    form = rng.choice(_AROUND)
    return WrittenTimes(form.format(text), start_ms, end_ms, usual=form in _USUAL_AROUND)


def _run_together(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    place = rng.choice((2, 5, 8))
    start, end = (text[:place] + text[place + 1 :] for text in (clock(start_ms), clock(end_ms)))
    return WrittenTimes(f"{start} --> {end}", start_ms, end_ms)


def _surplus(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    """A character too much, or letters that look like digits."""
    start, end = clock(start_ms), clock(end_ms)
    if rng.random() < 0.5:
        start, end = start.replace("0", rng.choice("Oo")), end.replace("1", rng.choice("lI|"))
    else:
        place = rng.randint(6, len(end) - 1)
        end = end[:place] + rng.choice("xq?#") + end[place:]
    return WrittenTimes(f"{start} --> {end}", start_ms, end_ms)


def _missing(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    """One of the two is unreadable or missing."""
    start, end = clock(start_ms), clock(end_ms)
    lost = rng.choice(("", "??:??:??,???", "xx:xx:xx,xxx", "00:0?:??,???"))
    if rng.random() < 0.5:
        return WrittenTimes(f"{start} --> {lost}".rstrip(), start_ms, None)
    return WrittenTimes(f"{lost} --> {end}".lstrip(), None, end_ms)


def _unreadable(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    del start_ms, end_ms
    lost = rng.choice(("xx:xx:xx,xxx", "??:??:??,???", "00:0?:??,???", "0x:1y:2z,000"))
    return WrittenTimes(f"{lost} --> {lost}", None, None, unreadable=True)


def _wrapped(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    between = rng.choice((" -->\n", "\n--> ", "\n"))
    return WrittenTimes(f"{clock(start_ms)}{between}{clock(end_ms)}", start_ms, end_ms)


def _backwards(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    if rng.random() < 0.5:
        return WrittenTimes(f"{clock(end_ms)} <-- {clock(start_ms)}", start_ms, end_ms)
    # Which of the two is wrong is not certain.
    return WrittenTimes(f"{clock(end_ms)} --> {clock(start_ms)}", None, None)


def _no_duration(rng: random.Random, start_ms: int, end_ms: int) -> WrittenTimes:
    del rng, end_ms
    return WrittenTimes(f"{clock(start_ms)} --> {clock(start_ms)}", start_ms, None)


SPELLINGS: Mapping[str, Spelling] = {
    "arrow": _arrow,
    "separators": _separators,
    "unpadded": _unpadded,
    "fraction": _fraction,
    "script": _script,
    "invisible": _invisible,
    "around": _around,
    "run together": _run_together,
    "surplus": _surplus,
    "missing": _missing,
    "unreadable": _unreadable,
    "wrapped": _wrapped,
    "backwards": _backwards,
    "no duration": _no_duration,
}
"""Kinds of time lines by name."""
