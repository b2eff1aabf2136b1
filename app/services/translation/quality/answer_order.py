"""Order of the members of one answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.services.translation.quality.line_batch import Member

SuspicionTest = Callable[[Member], bool]
"""Whether a member that comes in order is suspicious by itself."""


AT_ONCE_LINES = 8
"""Longer answers are far ahead of the viewer: their lines need not hurry, and a shift shows only at
the end of an answer."""


def never_suspicious(_: Member) -> bool:
    """Pass every member that comes in order."""
    return False


class OrderedAnswer:
    """Passes members that come in the requested order and withholds the others.

    A model that puts one line under another's number often gives that number twice, or leaves
    out the last number because it has merged two lines and moved up all that follow. So:

    - As long as the keys are "1", "2", "3" and so on, and no value is suspicious, members pass at
      once if the provider enforces the keys and the answer is short: viewers wait only for short
      answers.
    - From the first key out of order or suspicious value on, members wait for the end of the
      answer, and a key with two different values does not count.
    - All members of a long answer wait, and all where the provider does not enforce the keys.
      None counts if the last key is missing.

    Args:
        count: requested lines, keyed "1" to ``count``.
        enforced: whether the provider enforces the keys.
        is_suspicious: whether a member must wait.
    """

    def __init__(
        self, count: int, *, enforced: bool, is_suspicious: SuspicionTest = never_suspicious
    ) -> None:
        self._keys = [str(number) for number in range(1, count + 1)]
        self._is_suspicious = is_suspicious
        self._passed = 0
        self._at_once = self._in_order = enforced and count <= AT_ONCE_LINES
        self._waiting: dict[str, set[str]] = {}

    @property
    def is_complete(self) -> bool:
        """Whether every line has an answer."""
        return self._passed + len(self._waiting) == len(self._keys)

    def take(self, member: Member) -> Iterator[Member]:
        """Yield the member if it passes at once."""
        key, value = member
        if key not in self._keys[self._passed :]:
            return
        self._in_order = (
            self._in_order and key == self._keys[self._passed] and not self._is_suspicious(member)
        )
        if self._in_order:
            self._passed += 1
            yield member
        else:
            self._waiting.setdefault(key, set()).add(value)

    def rest(self) -> Iterator[Member]:
        """Yield what passes now that the answer is complete."""
        if not self._at_once and self._keys[-1] not in self._waiting:
            return
        for key, values in self._waiting.items():
            if len(values) == 1:
                yield key, next(iter(values))
