"""Files in the encodings of every language, read by the language or without it (row 22)."""

from __future__ import annotations

import pytest

from app.domain.language import Language
from app.services.captions.encoding import decode_file
from app.services.captions.parse import parse_captions
from scripts.encoding_corpus import ENCODINGS, file_of, lines_of, wrong_lines
from scripts.encoding_sentences import SENTENCES

_LINES = 40


@pytest.mark.parametrize("language", ENCODINGS)
def test_every_line_is_read_right_with_and_without_the_language(language: str) -> None:
    for encoding in ENCODINGS[language].split():
        lines = lines_of(language, _LINES, encoding)
        assert len(lines) > _LINES // 2, encoding
        data = file_of(lines, encoding)
        assert wrong_lines(lines, data, language) == 0, encoding
        assert wrong_lines(lines, data, None) == 0, encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("language", ["hu", "ru", "th", "ja", "zh-TW"])
def test_unicode_is_never_guessed(language: str, encoding: str) -> None:
    lines = lines_of(language, _LINES, encoding)
    data = file_of(lines, encoding)
    # Another language than the text's changes nothing.
    assert wrong_lines(lines, data, "pl") == 0
    assert decode_file(data, Language("pl")).notices == ()


@pytest.mark.parametrize(("language", "encoding"), [
    ("cs", "cp1250"), ("hu", "cp1250"), ("pt", "cp1252"), ("lv", "cp1257"), ("fi", "cp1252"),
    ("tr", "cp1254"), ("ru", "cp1251"), ("el", "cp1253"), ("he", "cp1255"), ("ja", "cp932"),
    ("ko", "cp949"), ("zh-CN", "gbk"), ("zh-TW", "big5"), ("th", "cp874"),
])  # fmt: skip
def test_single_sentences_are_read_right_by_their_language(language: str, encoding: str) -> None:
    for sentence in lines_of(language, 6, encoding):
        found = decode_file(sentence.encode(encoding), Language(language))
        assert found.text == sentence


def test_the_language_decides_between_readings_that_look_equally_good() -> None:
    data = "Az őr tűzre vetette a könyvet".encode("cp1250")
    assert decode_file(data, Language("hu")).text == "Az őr tűzre vetette a könyvet"
    data = "Não põe pão à mão".encode("cp1252")
    assert decode_file(data, Language("pt-BR")).text == "Não põe pão à mão"


def test_a_wrong_language_does_not_mangle_what_is_plainly_another() -> None:
    lines = lines_of("ru", 20, "cp1251")
    assert wrong_lines(lines, file_of(lines, "cp1251"), "en") == 0
    lines = lines_of("ja", 20, "cp932")
    assert wrong_lines(lines, file_of(lines, "cp932"), "es") == 0


def test_a_guess_is_told_with_the_encoding() -> None:
    lines = lines_of("cs", 20, "cp1250")
    captions = parse_captions(file_of(lines, "cp1250"), "srt", "cs", "manual")
    assert [caption.text for caption in captions.items] == lines
    [notice] = captions.notices
    assert notice.code == "encoding_assumed"
    assert "read as cp1250" in notice.message


def test_a_doubtful_guess_is_told_with_its_confidence() -> None:
    found = decode_file(b"\xe9\xf5")
    [notice] = found.notices
    assert found.confidence < 0.8
    assert f"confidence {found.confidence:.2f}" in notice.message
    assert "captions_lang" in notice.message


def test_broken_bytes_are_counted() -> None:
    text = "\n".join(SENTENCES["ru"].split("|"))
    data = text.encode().replace("лодка".encode(), b"\xd0\xff")
    found = decode_file(data, Language("ru"))
    assert found.encoding == "utf-8"
    assert found.replaced == found.text.count("\ufffd") > 0
    [notice] = found.notices
    assert "could not be read as utf-8" in notice.message


def test_lines_of_another_encoding_in_a_unicode_file_are_read_by_their_own() -> None:
    told = "\n".join(SENTENCES["pt"].split("|"))
    credit = "Legendas: João Simões, tradução e revisão\n"
    data = (told + "\n").encode() + credit.encode("cp1252")
    found = decode_file(data, Language("pt"))
    assert found.text == f"{told}\n{credit}"
    [notice] = found.notices
    assert "1 line not in utf-8 were read as cp1252" in notice.message.replace("was", "were")


def test_a_letter_that_lost_its_second_byte_is_not_taken_for_two_letters() -> None:
    told = "\n".join(SENTENCES["fr"].split("|"))
    data = told.encode() + b"\nUn caf\xc3 noir\n"
    assert decode_file(data, Language("fr")).text.endswith("Un caf\ufffd noir\n")


@pytest.mark.parametrize(("text", "encoding"), [
    ("It’s five o’clock – “already”…", "cp1252"),
    ("Straße, Größe und Übung", "cp850"),
    ("¿Qué pasó, señor?", "mac-roman"),
])  # fmt: skip
def test_a_line_in_an_encoding_of_the_west(text: str, encoding: str) -> None:
    assert decode_file((text + "\r\n").encode(encoding)).text == text + "\r\n"


def test_text_of_ascii_with_tildes_and_braces_is_no_chinese() -> None:
    assert decode_file(b"a ~{ b ~} c", Language("en")).text == "a ~{ b ~} c"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_characters_without_a_mark_are_known_by_their_line_ends(encoding: str) -> None:
    told = "\n".join(SENTENCES["zh-CN"].split("|")) + "\n"
    for text in (told * 4, "Plain words\n", told.replace("\n", " one two\n")):
        assert decode_file(text.encode(encoding)).text == text


def test_zero_bytes_in_other_text_stay_zero_bytes() -> None:
    assert decode_file(b"Two words\0 and more of them\n" * 9).encoding == "utf-8"


@pytest.mark.parametrize(("text", "language"), [
    ("渡船早上九点开。今天河水涨了半米。", "zh"),
    ("渡し船は午前九時に出ます。", "ja"),
    ("나룻배는 아침 아홉 시에 떠납니다.", "ko"),
    ("Το φέρι φεύγει στις εννέα το πρωί.", "el"),
    ("เรือข้ามฟากออกเวลาเก้าโมงเช้า", "th"),
    ("Паром отходит в девять часов утра.", "und"),
    ("The ferry leaves at nine.", "und"),
    ("九点", "und"),
])  # fmt: skip
def test_the_language_that_nobody_names_is_told_by_its_script_alone(
    text: str, language: str
) -> None:
    file = f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n"
    assert parse_captions(file, "srt", "und", "manual").language == language
    assert parse_captions(file, "srt", "fr", "manual").language == "fr"


def test_an_encoding_that_a_file_declares_is_taken_where_its_bytes_allow() -> None:
    xml = '<?xml version="1.0" encoding="{}"?><tt><body><div><p>ąęś</p></div></body></tt>'
    for name in ("windows-1250", "ISO-8859-2", "x-mac-ce"):
        codec = {"x-mac-ce": "mac-latin2"}.get(name, name)
        found = decode_file(xml.format(name).encode(codec), Language("pl"))
        assert "<p>ąęś</p>" in found.text
        assert (found.notices == ()) == (name != "x-mac-ce")
    # One that says something else than it is.
    assert "<p>ąęś</p>" in decode_file(xml.format("windows-1252").encode()).text
    assert "<p>ąęś</p>" in decode_file(xml.format("utf-8").encode("cp1250"), Language("pl")).text
    assert "<p>ąęś</p>" in decode_file(xml.format("zlib").encode("cp1250"), Language("pl")).text
