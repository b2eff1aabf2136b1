"""Which members of one answer can be believed, and when."""

from __future__ import annotations

from collections.abc import Iterator

from app.services.translation.json_members import Member


class OrderedAnswer:
    """Lets members through that come in the order asked for, and doubts the others.

    A model that puts one line under another's number often gives that number twice, or leaves
    out the last number because it has merged two lines and moved up all that follow. So:

    - As long as the keys are "1", "2", "3" and so on, members pass at once if the provider
      enforces the keys.
    - From the first key out of turn on, members wait for the end of the answer, and a key with
      two different values does not count.
    - Where the provider does not enforce the keys, all members wait, and none counts if the
      last key is missing.

    Args:
        count: lines that were asked for, as "1" to ``count``.
        enforced: whether the provider enforces the keys.
    """

    def __init__(self, count: int, *, enforced: bool) -> None:
        self._keys = [str(number) for number in range(1, count + 1)]
        self._enforced = enforced
        self._passed = 0
        self._in_turn = enforced
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
        self._in_turn = self._in_turn and key == self._keys[self._passed]
        if self._in_turn:
            self._passed += 1
            yield member
        else:
            self._held.setdefault(key, set()).add(value)

    def rest(self) -> Iterator[Member]:
        """Yield what passes now that the answer is complete."""
        if not self._enforced and self._keys[-1] not in self._held:
            return
        for key, values in self._held.items():
            if len(values) == 1:
                yield key, next(iter(values))
