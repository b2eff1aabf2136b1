"""Damaged caption files with all that is known of them, made from a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.damaged_times import SPELLINGS, WrittenTimes, exact

_WORDS = (
    *("ferry", "harbour", "lantern", "winter", "ticket", "orchard", "station", "letter", "morning"),
    *("river", "bridge", "kettle", "garden", "captain", "engine", "village", "market", "ladder"),
)
_BREAKS = ("\n", "\r\n", "\r", "\u2028")


@dataclass(slots=True)
class WrittenCaption:
    """A caption of a file.

    Attributes:
        times: its time line.
        texts: its lines; those of letters occur once in the file.
        number: above the time line; empty where there is none.
        blanks: blank lines below it.
    """

    times: WrittenTimes
    texts: list[str]
    number: str = ""
    blanks: int = 1
    above: str = ""

    def written(self) -> str:
        """Return its lines."""
        number = f"{self.number}\n" if self.number else ""
        text = "\n".join(self.texts)
        return f"{number}{self.times.text}\n{self.above}{text}\n" + "\n" * self.blanks


@dataclass(slots=True)
class DamagedFile:
    """A caption file.

    Attributes:
        kinds: names of the damage.
        captions: what it holds, in its order.
        head: text ahead of the captions.
        tail: text behind them.
        breaks: what ends its lines.
        format_name: its ending.
        data: the bytes, once they are written.
    """

    format_name: str
    captions: list[WrittenCaption]
    kinds: list[str] = field(default_factory=list)
    head: str = ""
    tail: str = ""
    breaks: str = "\n"
    data: bytes = b""

    def write(self) -> None:
        """Write the captions."""
        text = self.head + "".join(each.written() for each in self.captions) + self.tail
        self.data = text.replace("\n", self.breaks).encode()


Damage = Callable[[random.Random, DamagedFile], None]


def damaged_file(seed: int) -> DamagedFile:
    """Return the file of a seed: up to ten captions with one to three kinds of damage."""
    rng = random.Random(seed)
    file = _sound_file(rng)
    numbers = list(DAMAGE)
    first = numbers[seed % len(numbers)]
    kinds = [first, *rng.sample([name for name in numbers if name != first], rng.randint(0, 2))]
    for name in kinds:
        if name not in _LAST:
            DAMAGE[name](rng, file)
    file.kinds = kinds
    file.write()
    for name in _LAST:
        if name in kinds:
            DAMAGE[name](rng, file)
    return file


def joined_file(seed: int) -> DamagedFile:
    """Return a WebVTT file that was joined from segments, whose clocks each begin at 0.

    The first segment's stamp is anything, stamps wrap, the two halves of a map stand in any order,
    and a caption that a border divides is in both segments.
    """
    rng = random.Random(seed)
    file = _sound_file(rng)
    base = rng.choice((0, 900_000, 2**33 - 180_000, rng.randrange(2**33)))
    length_ms = rng.choice((4000, 6000, 10_000))
    last_ms = max(each.times.end_ms or 0 for each in file.captions)
    parts = [_segment(rng, file, at, length_ms, base) for at in range(0, last_ms, length_ms)]
    file.kinds, file.format_name = ["joined segments"], "vtt"
    file.data = "\n".join(parts).encode()
    return file


def _segment(
    rng: random.Random, file: DamagedFile, begin_ms: int, length_ms: int, base: int
) -> str:
    """Return a segment with the parts of captions that it shows."""
    maps = [f"MPEGTS:{(base + begin_ms * 90) % 2**33}", "LOCAL:00:00:00.000"]
    rng.shuffle(maps)
    lines = ["WEBVTT", f"X-TIMESTAMP-MAP={','.join(maps)}", ""]
    for caption in file.captions:
        start_ms = max(0, (caption.times.start_ms or 0) - begin_ms)
        end_ms = min(length_ms, (caption.times.end_ms or 0) - begin_ms)
        if start_ms < end_ms:
            lines += [exact(start_ms, end_ms, ".").text, *caption.texts, ""]
    return "\n".join(lines)


def _sound_file(rng: random.Random) -> DamagedFile:
    name = rng.choice(("srt", "srt", "vtt"))
    at_ms, captions = rng.randint(1000, 9000), []
    used: set[str] = set()
    for number in range(1, rng.randint(5, 11)):
        end_ms = at_ms + rng.randint(900, 4000)
        texts = [_sentence(rng, used) for _ in range(rng.randint(1, 3))]
        times = exact(at_ms, end_ms, "," if name == "srt" else ".")
        captions.append(WrittenCaption(times, texts, str(number) if name == "srt" else ""))
        at_ms = end_ms + rng.randint(100, 90_000)
    head = "WEBVTT\n\n" if name == "vtt" else ""
    return DamagedFile(name, captions, head=head)


def _sentence(rng: random.Random, used: set[str]) -> str:
    while True:
        text = f"The {' '.join(rng.choices(_WORDS, k=4))}."
        if text not in used:
            used.add(text)
            return text


def _times(name: str) -> Damage:
    def damage(rng: random.Random, file: DamagedFile) -> None:
        share = rng.choice((0.1, 0.5, 1.0))
        for caption in file.captions:
            times = caption.times
            if times.start_ms is None or times.end_ms is None or rng.random() > share:
                continue
            if times != exact(times.start_ms, times.end_ms, "," if "," in times.text else "."):
                continue
            caption.times = SPELLINGS[name](rng, times.start_ms, times.end_ms)

    return damage


def _no_blanks(rng: random.Random, file: DamagedFile) -> None:
    del rng
    for caption in file.captions:
        caption.blanks = 0


def _more_blanks(rng: random.Random, file: DamagedFile) -> None:
    for caption in file.captions:
        caption.blanks = rng.randint(1, 4)


def _no_numbers(rng: random.Random, file: DamagedFile) -> None:
    share = rng.choice((0.3, 1.0))
    for caption in file.captions:
        caption.number = "" if rng.random() <= share else caption.number


def _numbers_doubled(rng: random.Random, file: DamagedFile) -> None:
    for caption in file.captions:
        if caption.number and rng.random() < 0.5:
            caption.number = f"{caption.number}\n{caption.number}"


def _numbers_jump(rng: random.Random, file: DamagedFile) -> None:
    number = 0
    for caption in file.captions:
        number += rng.choice((1, 1, 1, 3, 40))
        caption.number = str(number) if caption.number else ""


def _blank_inside(rng: random.Random, file: DamagedFile) -> None:
    for caption in file.captions:
        if len(caption.texts) > 1 and rng.random() < 0.4:
            caption.texts.insert(1, "")


def _blank_above(rng: random.Random, file: DamagedFile) -> None:
    for caption in file.captions:
        caption.above = "\n" if rng.random() < 0.5 else ""


def _number_texts(rng: random.Random, file: DamagedFile) -> None:
    for caption in file.captions:
        if rng.random() < 0.4:
            caption.texts.insert(0, str(rng.randint(1, 2100)))


def _shuffled(rng: random.Random, file: DamagedFile) -> None:
    rng.shuffle(file.captions)


def _repeated(rng: random.Random, file: DamagedFile) -> None:
    place = rng.randrange(len(file.captions))
    file.captions.insert(place, file.captions[place])


def _rubbish(rng: random.Random, file: DamagedFile) -> None:
    file.tail += rng.choice(("\x1a", "\0\0\0\0", "\n\n\n", "\ufeff", "9999\n", "\n \n\t\n"))


def _stray_text(rng: random.Random, file: DamagedFile) -> None:
    file.head += rng.choice(("subtitles by somebody\n\n", "---\ntitle: film\n---\n\n", "\n\n\n"))


def _asides(rng: random.Random, file: DamagedFile) -> None:
    """Comments and identifiers of WebVTT."""
    if file.format_name != "vtt":
        return
    for number, caption in enumerate(file.captions):
        if rng.random() < 0.4:
            caption.number = f"NOTE of the editor\nnot shown\n\ncue-{number}"
            if number:
                file.captions[number - 1].blanks = max(1, file.captions[number - 1].blanks)


def _header(rng: random.Random, file: DamagedFile) -> None:
    if file.head.startswith("WEBVTT"):
        heads = (
            "",
            "webvtt\n\n",
            "WEBVVT\n\n",
            "\ufeffWEBVTT\n\n",
            "WEBVTT - film\nKind: captions\n\n",
        )
        file.head = rng.choice(heads) + file.head.removeprefix("WEBVTT\n\n")
    else:
        file.head = "\ufeff" + file.head


def _breaks(rng: random.Random, file: DamagedFile) -> None:
    file.breaks = rng.choice(_BREAKS)


def _doubled_breaks(rng: random.Random, file: DamagedFile) -> None:
    del rng
    file.breaks = "\r\r\n"


def _cut(rng: random.Random, file: DamagedFile) -> None:
    """Cut the file: what stood behind is no loss of the reader's."""
    file.data = file.data[: rng.randint(len(file.data) // 3, len(file.data))]
    file.data = file.data.decode("utf-8", "ignore").encode()


def _escaped(rng: random.Random, file: DamagedFile) -> None:
    del rng
    text = file.data.decode()
    file.data = re.sub("\r\n|[\r\n\u2028]", lambda _: "\\n", text).encode()


def _encoded(rng: random.Random, file: DamagedFile) -> None:
    file.data = file.data.decode().encode(rng.choice(("utf-16", "utf-8-sig", "utf-16-be")))


DAMAGE: Mapping[str, Damage] = {
    **{f"times: {name}": _times(name) for name in SPELLINGS},
    "no blank lines": _no_blanks,
    "more blank lines": _more_blanks,
    "no numbers": _no_numbers,
    "numbers doubled": _numbers_doubled,
    "numbers jump": _numbers_jump,
    "blank lines inside": _blank_inside,
    "blank lines above": _blank_above,
    "texts of digits": _number_texts,
    "out of order": _shuffled,
    "repeated": _repeated,
    "rubbish behind": _rubbish,
    "text ahead": _stray_text,
    "asides": _asides,
    "header": _header,
    "line ends": _breaks,
    "line ends doubled": _doubled_breaks,
    "cut": _cut,
    "escaped": _escaped,
    "encoding": _encoded,
}
"""Kinds of damage by name."""

_LAST = ("cut", "escaped", "encoding")
"""Damage of the written file, in this order."""
