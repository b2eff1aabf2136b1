"""Subtitle files of ours in every encoding of a language, and how many lines are read wrong.

``python -m scripts.encoding_corpus [LINES]`` prints the figure for files of so many lines (300),
once with the language given and once without.
"""

from __future__ import annotations

import random
import sys
import unicodedata
from collections.abc import Iterator, Sequence

from app.domain.language import Language
from app.services.captions.encoding import decode_file
from scripts.encoding_sentences import SENTENCES

ENCODINGS: dict[str, str] = {
    "cs": "cp1250 iso8859-2 cp852 mac-latin2",
    "sk": "cp1250 iso8859-2",
    "pl": "cp1250 iso8859-2 cp852",
    "hu": "cp1250 iso8859-2 cp852",
    "ro": "cp1250 iso8859-2",
    "hr": "cp1250 iso8859-2 cp852",
    "sl": "cp1250 iso8859-2",
    "tr": "cp1254 iso8859-9 cp857",
    "el": "cp1253 iso8859-7 cp737",
    "he": "cp1255 iso8859-8 cp862",
    "ar": "cp1256 iso8859-6",
    "lt": "cp1257 iso8859-13 cp775",
    "lv": "cp1257 iso8859-13 cp775",
    "et": "cp1257 cp1252 iso8859-13 iso8859-15",
    "ru": "cp1251 koi8-r cp866 iso8859-5 mac-cyrillic",
    "uk": "cp1251 koi8-u mac-cyrillic",
    "bg": "cp1251 cp866 iso8859-5",
    "sr": "cp1251 iso8859-5 cp855",
    "pt": "cp1252 iso8859-15 cp850 mac-roman",
    "es": "cp1252 iso8859-15 cp437 mac-roman",
    "fr": "cp1252 iso8859-15 cp850 mac-roman",
    "de": "cp1252 cp437 mac-roman",
    "fi": "cp1252 iso8859-15 cp850",
    "sv": "cp1252 cp865 mac-roman",
    "vi": "cp1258",
    "th": "cp874 tis-620",
    "ja": "cp932 euc-jp iso2022-jp",
    "ko": "cp949 euc-kr",
    "zh-CN": "gbk gb18030 hz",
    "zh-TW": "big5 big5hkscs",
}
"""By language, parted by blanks; beside them UTF-8 and UTF-16."""

_UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")


def lines_of(language: str, count: int, encoding: str, seed: int = 0) -> list[str]:
    """Return lines of a language that an encoding can write, made of the words of sentences.

    Args:
        language: BCP 47 tag.
        count: of lines; the first ones are the sentences themselves.
        encoding: lines with a character that it lacks are left out.
        seed: of the choice of words.
    """
    choice = random.Random(f"{language} {seed}")
    sentences = SENTENCES[language].split("|")
    words = [word for sentence in sentences for word in sentence.split()]
    spaced = len(words) > 2 * len(sentences)
    lines = choice.sample(sentences, len(sentences))
    while len(lines) < count:
        parts = choice.choices(words, k=choice.randint(3, 8)) if spaced else choice.sample(words, 2)
        lines.append((" " if spaced else "").join(parts))
    return [line for line in lines if _encodable(line, encoding)][:count]


def file_of(lines: Sequence[str], encoding: str) -> bytes:
    """Return a SubRip file of lines, one in a caption."""
    cues = (
        f"{number}\r\n00:{number // 60:02}:{number % 60:02},000 --> "
        f"00:{number // 60:02}:{number % 60:02},900\r\n{line}\r\n\r\n"
        for number, line in enumerate(lines)
    )
    return _split_letters("".join(cues), encoding).encode(encoding)


def wrong_lines(lines: Sequence[str], data: bytes, language: str | None) -> int:
    """Return how many lines of a file are read otherwise than they were written."""
    known = Language.parse(language) if language is not None else None
    read = decode_file(data, known).text.split("\r\n\r\n")
    texts = [cue.rpartition("\n")[2] for cue in read] + [""] * len(lines)
    return sum(line != text for line, text in zip(lines, texts, strict=False))


def cases() -> Iterator[tuple[str, str]]:
    """Yield every language with each of its encodings."""
    for language, encodings in ENCODINGS.items():
        for encoding in (*encodings.split(), *_UNICODE):
            yield language, encoding


def _split_letters(text: str, encoding: str) -> str:
    """Write letters with their second mark apart, as the Vietnamese code page has them."""
    if encoding != "cp1258":
        return text
    return "".join(char if _has(encoding, char) else _split(char) for char in text)


def _split(char: str) -> str:
    letter, *marks = list(unicodedata.normalize("NFD", char))
    tones = [mark for mark in marks if mark in "\u0300\u0301\u0303\u0309\u0323"]
    others = [mark for mark in marks if mark not in tones]
    return unicodedata.normalize("NFC", letter + "".join(others)) + "".join(tones)


def _encodable(text: str, encoding: str) -> bool:
    return _has(encoding, _split_letters(text, encoding))


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    for given in (True, False):
        total = wrong = 0
        for language, encoding in cases():
            lines = lines_of(language, count, encoding)
            bad = wrong_lines(lines, file_of(lines, encoding), language if given else None)
            total, wrong = total + len(lines), wrong + bad
            if bad:
                print(f"{language} {encoding}: {bad} of {len(lines)} lines wrong")
        print(f"language {'given' if given else 'not given'}: {wrong} of {total} lines wrong")


if __name__ == "__main__":
    main()
