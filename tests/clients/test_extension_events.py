"""The client's own rules for splitting a stream, so that the tests mean what they say.

Each was seen on the extension itself. A reader that is more lenient would hide faults of ours.
"""

from collections.abc import Sequence
from typing import Any

from tests.clients.extension_client import run_extension

A, B = '{"stage":"a"}', '{"stage":"b"}'


Chunks = Sequence[str | list[int]]


def parse(*chunks: str | list[int], rescue: bool = False) -> dict[str, Any]:
    told: dict[str, Any] = parse_all([chunks], rescue=rescue)[0]
    return told


def parse_all(cases: Sequence[Chunks], *, rescue: bool = False) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = run_extension("parse", cases=cases, rescue=rescue)
    return told


def stages(told: dict[str, Any]) -> str:
    return "".join(event["stage"] for event in told["events"])


def test_05_the_client_skips_comments_pings_and_fields_that_it_does_not_know() -> None:
    told = parse(
        f': hello\n\n: again\n\nid: 3\nevent: x\nretry: 5\ndata:{A}\n\ndata: {{"ping":true}}\n\n\n',
        f"nonsense\ndata: {B}\n\n",
    )
    assert told["events"] == [{"stage": "a"}, {"ping": True}, {"stage": "b"}]
    assert told["comments"] == 2


def test_04_a_frame_may_be_cut_anywhere() -> None:
    frame = f"id: 7\ndata: {A}\n\n"
    cases = [(frame[:cut], frame[cut:]) for cut in range(1, len(frame))]
    assert [stages(told) for told in parse_all(cases)] == ["a"] * len(cases)


def test_04_a_terminator_that_is_cut_after_another_frame_brings_its_event_twice() -> None:
    assert stages(parse(f"data: {A}\n\ndata: {B}\n", "\n")) == "abb"
    assert stages(parse(f"data: {B}\n", "\n")) == "b"


def test_03_carriage_returns_lose_frames_that_come_together() -> None:
    assert stages(parse(f"data: {A}\r\n\r\n", f"data: {B}\n\n")) == "ab"
    assert parse(f"data: {A}\r\n\r\ndata: {B}\r\n\r\n")["unreadable"] == 1


def test_03_data_on_two_lines_is_lost_when_a_chunk_ends_between_them() -> None:
    two = 'data: {"stage":\ndata: "a"}\n\n'
    assert stages(parse(two)) == "a"
    assert parse(two[:20], two[20:])["events"] == []


def test_a_letter_may_be_cut_and_text_that_is_no_json_is_skipped() -> None:
    raw = list('data: {"stage":"é"}\n\ndata: {oh}\n\n'.encode())
    told = parse(raw[:17], raw[17:])
    assert stages(told) == "é"
    assert told["unreadable"] == 1


def test_01_tier_3_rescues_a_last_line_and_tier_4_does_not() -> None:
    assert parse(f"data: {A}")["events"] == []
    assert stages(parse(f"data: {A}", rescue=True)) == "a"
