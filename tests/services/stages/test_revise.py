"""Final cues take the ids of the drafts that they replace."""

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.domain.cue import Cue
from app.domain.time import Span
from app.services.stages.revise import dropped, revise


def cue(number: int, start_ms: int, end_ms: int, revision: int = 0) -> Cue:
    return Cue(number, Span(start_ms, end_ms), f"{start_ms}", revision=revision)


async def each(cues: Sequence[Cue]) -> AsyncIterator[Cue]:
    for item in cues:
        yield item


async def revised(cues: Sequence[Cue], *drafts: Cue) -> list[Cue]:
    return [item async for item in revise(each(cues), {draft.id: draft for draft in drafts})]


async def test_a_divided_draft_gives_its_id_to_its_first_part() -> None:
    drafts = (cue(0, 0, 2_000, revision=1), cue(1, 2_100, 4_000, revision=1))
    made = await revised([cue(0, 0, 900), cue(1, 1_000, 2_000), cue(2, 2_100, 4_000)], *drafts)
    assert [(item.id, item.revision) for item in made] == [(0, 2), (2, 0), (1, 2)]
    assert [item.text for item in made] == ["0", "1000", "2100"]
    assert dropped({draft.id: draft for draft in drafts}, made) == ()


async def test_a_draft_that_nothing_replaces_is_dropped() -> None:
    drafts = (cue(0, 0, 1_000), cue(1, 1_100, 2_000), cue(2, 3_000, 4_000))
    made = await revised([cue(0, 0, 2_000), cue(1, 3_000, 4_000)], *drafts)
    assert [item.id for item in made] == [0, 2]
    assert dropped({draft.id: draft for draft in drafts}, made) == (1,)


async def test_drafts_that_came_in_another_order_keep_their_ids() -> None:
    watched_first = (cue(0, 5_000, 6_000), cue(1, 0, 1_000))
    made = await revised([cue(0, 0, 1_000), cue(1, 5_000, 6_000)], *watched_first)
    assert [item.id for item in made] == [1, 0]


spans = st.lists(st.integers(0, 60), min_size=2, max_size=12, unique=True).map(sorted)


@given(spans, spans)
async def test_ids_are_unique_and_texts_untouched(before: list[int], after: list[int]) -> None:
    drafts = [cue(n, a, b) for n, (a, b) in enumerate(pairwise(before))]
    final = [cue(n, a, b) for n, (a, b) in enumerate(pairwise(after))]
    made = await revised(final, *drafts)
    assert [(item.span, item.text) for item in made] == [(item.span, item.text) for item in final]
    assert len({item.id for item in made}) == len(made)
    gone = dropped({draft.id: draft for draft in drafts}, made)
    assert {draft.id for draft in drafts} == {*gone, *(i.id for i in made if i.id < len(drafts))}
