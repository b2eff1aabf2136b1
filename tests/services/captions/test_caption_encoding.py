"""Which texts are guessed, and which are taken as they are."""

import pytest

from app.services.captions.encoding import decode_text
from app.services.captions.parse import parse_captions

VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\n{}\n"


@pytest.mark.parametrize("text", ["caf\ufffd", "\ufffd", "\ufffd" * 50 + " tea", "naïve caf\ufffd"])
def test_valid_utf8_with_replacement_characters_is_taken_as_it_is(text: str) -> None:
    assert decode_text(VTT.format(text).encode()) == VTT.format(text)


def test_text_that_is_decoded_already_is_never_guessed() -> None:
    nuls = VTT.format("a\0b\0c\0d\0" * 200)
    for text in (VTT.format("caf\ufffd"), nuls):
        found = parse_captions(text, None, "fr", "manual")
        assert found.items[0].text[:1] in ("c", "a")
    assert (
        parse_captions(VTT.format("caf\ufffd"), None, "fr", "manual").items[0].text == "caf\ufffd"
    )


def test_bytes_that_are_not_utf8_are_guessed() -> None:
    text = decode_text(VTT.format("Le café déjà élevé").encode("cp1252"))
    assert "caf" in text
    assert "\ufffd" not in text


def test_a_few_broken_bytes_among_many_valid_characters_are_replaced() -> None:
    text = VTT.format("Ещё одна строка, в которой много букв и одна пропала")
    data = text.encode().replace("пропала".encode(), b"\xff")
    assert decode_text(data) == text.replace("пропала", "\ufffd")


def test_replacement_characters_beside_broken_bytes_count_as_characters() -> None:
    data = ("\ufffd" * 40).encode() + b"\xe9"
    assert decode_text(data) == "\ufffd" * 41


SRT = "1\n00:00:01,000 --> 00:00:03,000\n{}\n"


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Schön, daß du über die Straße gehst — “ja”, sagt sie…", "cp1252"),
        ("It’s here", "cp1252"),
        ("¿Adónde irás mañana?", "cp1252"),
        ("Привет, как дела?", "cp1251"),
        ("こんにちは", "cp1252"),
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_text_that_was_encoded_twice_is_read_as_it_was(text: str, codec: str, mark: str) -> None:
    encoded = SRT.format(text).encode()
    taken_for = "".join(bytes([byte]).decode(codec, "ignore") or chr(byte) for byte in encoded)
    found = parse_captions((mark + taken_for).encode(), "srt", "und", "manual")
    assert [item.text for item in found.items] == [text]
    (notice,) = found.notices
    assert notice.code == "encoding_assumed"
    assert f"encoded twice, in utf-8 by way of {codec}" in notice.message


@pytest.mark.parametrize(
    "text", ["NÃO É ÀS ÇÃ", "Ã©", "Â£ is not a word, but ü is", "Привет", "Ää", "“Él” – ñandú"]
)
def test_text_that_was_not_is_left_alone(text: str) -> None:
    found = parse_captions(SRT.format(text).encode(), "srt", "und", "manual")
    assert [item.text for item in found.items] == [text]
    assert found.notices == ()
