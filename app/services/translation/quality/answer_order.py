"""Which members of one answer can be believed, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.services.translation.quality.line_batch import Member

Doubt = Callable[[Member], bool]
"""Whether a member that comes in turn is odd in itself."""


AT_ONCE_LINES = 8
"""Longer answers are asked for when there is much to translate ahead of the viewer. Their lines
need not hurry, and only at the end of an answer it shows that lines have moved."""


def no_doubt(_: Member) -> bool:
    """Believe whatever comes in turn."""
    return False


class OrderedAnswer:
    """Lets members through that come in the order asked for, and doubts the others.

    A model that puts one line under another's number often gives that number twice, or leaves
    out the last number because it has merged two lines and moved up all that follow. So:

    - As long as the keys are "1", "2", "3" and so on, and nothing is odd about their values,
      members pass at once if the provider enforces the keys and the answer is short: viewers
      wait for short ones alone.
    - From the first key out of turn or odd value on, members wait for the end of the answer,
      and a key with two different values does not count.
    - All members of a long answer wait, and all where the provider does not enforce the keys.
      None counts if the last key is missing.

    Args:
        count: lines that were asked for, as "1" to ``count``.
        enforced: whether the provider enforces the keys.
        doubt: tells odd values.
    """

    def __init__(self, count: int, *, enforced: bool, doubt: Doubt = no_doubt) -> None:
        self._keys = [str(number) for number in range(1, count + 1)]
        self._doubt = doubt
        self._passed = 0
        self._at_once = self._in_turn = enforced and count <= AT_ONCE_LINES
        self._held: dict[str, set[str]] = {}

    @property
    def is_complete(self) -> bool:
        """Whether every line has an answer."""
        return self._passed + len(self._held) == len(self._keys)

    def take(self, member: Member) -> Iterator[Member]:
        """Yield the member if it passes at once."""
        key, value = member
        if key not in self._keys[self._passed :]:
            return
        self._in_turn = (
            self._in_turn and key == self._keys[self._passed] and not self._doubt(member)
        )
        if self._in_turn:
            self._passed += 1
            yield member
        else:
            self._held.setdefault(key, set()).add(value)

    def rest(self) -> Iterator[Member]:
        """Yield what passes now that the answer is complete."""
        if not self._at_once and self._keys[-1] not in self._held:
            return
        for key, values in self._held.items():
            if len(values) == 1:
                yield key, next(iter(values))
