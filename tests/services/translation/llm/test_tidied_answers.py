"""Answers with additions, refusals and other figures, through the real client and its rounds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from app.domain.cue import Cue
from app.domain.errors import TranslationIncompleteError
from app.domain.events import Notice
from app.domain.language import Language
from app.domain.time import Span
from app.services.stages.stage_clock import StageClock
from app.services.stages.translate import translate_cues
from app.services.translation.answer_remarks import AnswerRemarks
from app.services.translation.llm.chat_translator import ChatTranslator
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translator import TranslationContext
from tests.chat_behaviours import Behaviour, Call, Reply, fine
from tests.chat_server import ChatServer
from tests.chatting import lines_of, pair, translated, translator_at

GOOD = {
    "The ferry leaves at nine.": "El ferry sale a las nueve.",
    "We counted 1,250 birds.": "Contamos 1.250 aves.",
    "There are 3 of us.": "Somos 3.",
    "♪ We sail tonight ♪": "♪ Navegamos esta noche ♪",
    "- Is it late?": "- ¿Es tarde?",
}
FERRY, BIRDS, THREE, *_ = GOOD
REFUSAL = "Lo siento, pero no puedo ayudar con esa solicitud."


@pytest.fixture(scope="module")
def model() -> Iterator[ChatServer]:
    with ChatServer(lambda text, _: GOOD.get(text, text), chunk_chars=7) as running:
        yield running


@pytest.fixture
def server(model: ChatServer) -> ChatServer:
    model.behaviour = fine
    model.calls.clear()
    return model


@pytest.fixture
async def translator(server: ChatServer) -> AsyncIterator[ChatTranslator]:
    made = translator_at(server)
    yield made
    await made.close()


def says(answers: dict[str, str]) -> Behaviour:
    """Answer some lines in another way."""

    def behave(call: Call, reply: Reply) -> Reply:
        members = tuple((key, answers.get(call.lines[key], text)) for key, text in reply.members)
        return Reply(members=members)

    return behave


async def test_what_is_added_is_gone_before_a_line_leaves(
    server: ChatServer, translator: ChatTranslator
) -> None:
    server.behaviour = says(
        {
            FERRY: f"Traducción: «{GOOD[FERRY]}»",
            BIRDS: f"{GOOD[BIRDS]} (Nota: tono coloquial)",
            THREE: f"3| **{GOOD[THREE]}**",
            "♪ We sail tonight ♪": "Navegamos esta noche",
            "- Is it late?": "¿Es tarde?",
        }
    )
    remarks = AnswerRemarks()
    lines = lines_of(*GOOD)
    context = TranslationContext(remarks=remarks)
    assert await translated(translator, lines, context=context) == dict(enumerate(GOOD.values()))
    assert len(server.calls) == 1
    (notice,) = remarks.notices()
    assert notice.code == "translations_tidied"
    for part in ("label (cue 0)", "note (cue 1)", "emphasis (cue 2)", "music note (cue 3)"):
        assert part in notice.message
    assert "speaker's dash (cue 4)" in notice.message


async def test_each_line_is_tidied_while_the_model_still_writes(
    server: ChatServer, translator: ChatTranslator
) -> None:
    server.behaviour = says({text: f'"{GOOD[text]}"' for text in GOOD})
    seen = [
        (text, len(server.calls))
        async for _, text in translator.translate(lines_of(FERRY, BIRDS, THREE), pair(), ())
    ]
    assert seen == [(GOOD[text], 1) for text in (FERRY, BIRDS, THREE)]


@pytest.mark.parametrize(
    ("line", "answer", "reason"),
    [
        (FERRY, REFUSAL, "was about the task and no translation"),
        (FERRY, "No veo ningún subtítulo en tu mensaje.", "was about the task"),
        (BIRDS, "Contamos 1.520 aves.", "had other figures than the line"),
        (THREE, "Somos 4.", "had other figures than the line"),
        (FERRY, "El ferry sale/parte a las nueve.", "gave alternatives"),
        (FERRY, "El ferry sale a las nueve (de la mañana).", "had a remark in brackets"),
    ],
)
async def test_what_is_no_translation_is_asked_again_with_the_reason(
    server: ChatServer, translator: ChatTranslator, line: str, answer: str, reason: str
) -> None:
    server.script(says({line: answer}))
    assert await translated(translator, lines_of(line)) == {0: GOOD[line]}
    assert len(server.calls) == 2
    assert reason in server.calls[1].system


@pytest.mark.parametrize(
    ("line", "answer"),
    [(FERRY, REFUSAL), (FERRY, "Como modelo de lenguaje, no puedo."), (BIRDS, "Hay 1.520 aves.")],
)
async def test_a_model_that_insists_on_no_translation_is_an_error_that_names_the_line(
    server: ChatServer, translator: ChatTranslator, line: str, answer: str
) -> None:
    server.behaviour = says({line: answer})
    with pytest.raises(TranslationIncompleteError) as caught:
        await translated(translator, lines_of("- Is it late?", line))
    assert caught.value.missing == (1,)


async def test_a_small_figure_that_a_model_insists_on_is_taken_and_told(
    server: ChatServer, translator: ChatTranslator
) -> None:
    server.behaviour = says({THREE: "Somos 4."})
    notices: list[Notice] = []

    async def cues() -> AsyncIterator[Cue]:
        for number, text in enumerate((FERRY, THREE)):
            yield Cue(number, Span(3000 * number, 3000 * number + 2000), text, language="en")

    job = TranslationJob(Language("es"))
    shown = [
        cue.translation
        async for cue in translate_cues(cues(), translator, job, StageClock(), notices.append)
    ]
    assert shown == [GOOD[FERRY], "Somos 4."]
    (notice,) = notices
    assert notice.code == "translations_doubtful"
    assert "had other figures than the line (cue 1)" in notice.message


# Rows of the table of reported cases


async def test_row_23_refusals_in_the_target_language_are_never_shown(
    server: ChatServer, translator: ChatTranslator
) -> None:
    line = "没有人知道桥什么时候会开。"
    for target, answer in (
        ("en", "I'm sorry, but I don't see any subtitle content in your message."),
        ("es", REFUSAL),
    ):
        server.behaviour = says({line: answer})
        with pytest.raises(TranslationIncompleteError):
            await translated(translator, lines_of(line), pair(target, "zh"))


@pytest.mark.parametrize(
    ("target", "answer", "shown"),
    [
        ("fr", "Traduction : Le ferry part à neuf heures.", "Le ferry part à neuf heures."),
        ("es", "El ferry sale a las nueve. (Nota: tono coloquial)", GOOD[FERRY]),
        ("es", '"El ferry sale a las nueve."', GOOD[FERRY]),
    ],
)
async def test_row_25_labels_notes_and_quotation_marks_are_removed(
    server: ChatServer, translator: ChatTranslator, target: str, answer: str, shown: str
) -> None:
    server.behaviour = says({FERRY: answer})
    assert await translated(translator, lines_of(FERRY), pair(target)) == {0: shown}
    assert len(server.calls) == 1


async def test_lines_that_have_breaks_keep_as_many(
    server: ChatServer, translator: ChatTranslator
) -> None:
    line = "- Is it late?\n- Not yet."
    for answer in ("- ¿Es tarde?\n- Aún no.", "- ¿Es tarde?\\N- Aún no."):
        server.behaviour = says({line: answer})
        assert await translated(translator, lines_of(line)) == {0: "- ¿Es tarde?\n- Aún no."}
