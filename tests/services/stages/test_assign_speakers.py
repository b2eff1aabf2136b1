"""Words get their speakers, and changes of speaker only where something speaks for them."""

from app.domain.time import Span
from app.domain.transcript import Segment, SpeakerTurn, Word
from app.services.stages.assign_speakers import assign_speakers

ANN, BOB = "SPEAKER_00", "SPEAKER_01"


def words(text: str, step_ms: int = 400, start_ms: int = 0, gap_ms: int = 50) -> Segment:
    """A segment whose words follow one another evenly."""
    made = [
        Word(part, Span(start_ms + n * step_ms, start_ms + (n + 1) * step_ms - gap_ms))
        for n, part in enumerate(text.split())
    ]
    span = Span(made[0].span.start_ms, made[-1].span.end_ms)
    return Segment(text, span, tuple(made), "en")


def turn(start_ms: int, end_ms: int, speaker: str) -> SpeakerTurn:
    return SpeakerTurn(Span(start_ms, end_ms), speaker)


def speakers(segment: Segment, *turns: SpeakerTurn) -> list[str | None]:
    [assigned] = assign_speakers([segment], turns)
    assert [word.text for word in assigned.words] == segment.text.split()
    return [word.speaker for word in assigned.words]


def test_a_word_belongs_to_whoever_speaks_longest_while_it_is_said() -> None:
    segment = words("yes no. well maybe", step_ms=1000)
    turns = (turn(0, 1_900, ANN), turn(1_700, 4_000, BOB))
    assert speakers(segment, *turns) == [ANN, ANN, BOB, BOB]


def test_several_short_turns_outweigh_a_single_one() -> None:
    segment = words("extraordinarily", step_ms=3_000)
    turns = (turn(0, 900, ANN), turn(900, 1_900, BOB), turn(1_900, 2_700, ANN))
    assert speakers(segment, *turns) == [ANN]


def test_a_change_within_a_breath_is_not_believed() -> None:
    segment = words("we went to the market and came home")
    assert (
        speakers(segment, turn(0, 1_190, ANN), turn(1_190, 1_600, BOB), turn(1_600, 9_000, ANN))
        == [ANN] * 8
    )


def test_a_change_at_a_mark_is_believed_however_short() -> None:
    segment = words("did you go? yes. and how was it")
    turns = (turn(0, 1_200, ANN), turn(1_200, 1_600, BOB), turn(1_600, 9_000, ANN))
    assert speakers(segment, *turns) == [ANN, ANN, ANN, BOB, ANN, ANN, ANN, ANN]


def test_a_change_at_a_pause_is_believed() -> None:
    first, second = words("tell me"), words("sure", start_ms=1_100)
    segment = Segment("tell me sure", Span(0, 1_450), (*first.words, *second.words), "en")
    assert speakers(segment, turn(0, 900, ANN), turn(1_000, 1_500, BOB)) == [ANN, ANN, BOB]


def test_a_change_between_long_stretches_needs_no_mark() -> None:
    segment = words("one two three four five six seven eight")
    assert speakers(segment, turn(0, 1_600, ANN), turn(1_600, 9_000, BOB)) == [ANN] * 4 + [BOB] * 4


def test_words_between_turns_belong_to_the_nearest_and_far_ones_to_nobody() -> None:
    segment = words("here", start_ms=1_300)
    assert speakers(segment, turn(0, 1_000, ANN), turn(2_100, 3_000, BOB)) == [ANN]
    assert speakers(words("far", start_ms=9_000), turn(0, 1_000, ANN)) == [None]


def test_a_long_turn_is_found_behind_many_short_ones() -> None:
    long = turn(0, 100_000, ANN)
    short = [turn(n * 1_000, n * 1_000 + 300, BOB) for n in range(1, 80)]
    segment = words("still me", step_ms=500, start_ms=90_500)
    assert speakers(segment, long, *short) == [ANN, ANN]


def test_without_turns_nobody_is_named() -> None:
    assert speakers(words("who knows")) == [None, None]


def test_a_segment_without_words_stays_as_it_is() -> None:
    segment = Segment("text", Span(0, 1_000), (), "en")
    assert assign_speakers([segment], [turn(0, 1_000, ANN)]) == [segment]
