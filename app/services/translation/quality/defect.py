"""Reasons to reject a translation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defect:
    """Reason to reject a translation.

    Attributes:
        text: predicate of the sentence in the next prompt: "line 3 of the answer ...".
        lasting: whether the same text is rejected again. Otherwise it is accepted when the model
            repeats it: a name, a quotation, a refrain.
        is_told: whether a translation that is accepted in spite of it is named in a notice.
    """

    text: str
    lasting: bool = True
    is_told: bool = False
