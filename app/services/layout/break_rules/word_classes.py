"""Closed word classes of a language, by which its breaks are judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.domain.text import MARKS_AROUND_WORDS

_APOSTROPHES = "'’"


def words(text: str) -> frozenset[str]:
    """Return the words of a list."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class WordClasses:
    """Words in small letters, by what they do in a sentence.

    Source: the classes are those of the Netflix Timed Text Style Guide, General Requirements,
    "Line Treatment": a line break does not separate a noun from its article, a first name from a
    last name, a verb from its subject pronoun, auxiliary, reflexive pronoun or negation, nor a
    preposition from what it governs. All are closed classes, so lists hold them.

    Attributes:
        determiners: articles, possessives, demonstratives.
        prepositions: with those that hold an article.
        conjunctions: with relative pronouns.
        pronouns: subjects ahead of their verb.
        clitics: unstressed objects and reflexives ahead of their verb.
        auxiliaries: with modal verbs; directly ahead of the verb that they belong to.
        split_auxiliaries: the same where other words may come between; they stay with a word that
            ends in ``verb_endings``, on either side.
        verb_endings: of participles and infinitives.
        negations: ahead of what they deny.
        late_negations: behind the verb, where a word of ``negation_starts`` stands ahead of it.
        negation_starts: first words of negations of two parts.
        followers: words that stay with the one before.
        titles: ahead of a name, which has a capital.
        numbers: ahead of what is counted.
        capital_nouns: whether every noun has a capital.
        elides: whether words lose a vowel and are joined by an apostrophe.
    """

    determiners: frozenset[str] = frozenset()
    prepositions: frozenset[str] = frozenset()
    conjunctions: frozenset[str] = frozenset()
    pronouns: frozenset[str] = frozenset()
    clitics: frozenset[str] = frozenset()
    auxiliaries: frozenset[str] = frozenset()
    split_auxiliaries: frozenset[str] = frozenset()
    verb_endings: tuple[str, ...] = ()
    negations: frozenset[str] = frozenset()
    late_negations: frozenset[str] = frozenset()
    negation_starts: frozenset[str] = frozenset()
    followers: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    capital_nouns: bool = False
    elides: bool = False
    leaning: frozenset[str] = field(init=False)
    opening: frozenset[str] = field(init=False)
    function_words: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        opening = self.prepositions | self.conjunctions
        leaning: Iterable[frozenset[str]] = (
            opening,
            self.determiners,
            self.pronouns,
            self.clitics,
            self.auxiliaries,
            self.negations,
            self.negation_starts,
        )
        object.__setattr__(self, "opening", opening - self.followers)
        object.__setattr__(self, "leaning", frozenset().union(*leaning))
        object.__setattr__(self, "function_words", self.leaning | self.split_auxiliaries)

    def plain(self, word: str) -> str:
        """Return a word in small letters without marks, and without what an elision put ahead."""
        bare = word.strip(MARKS_AROUND_WORDS).casefold()
        if self.elides:
            for apostrophe in _APOSTROPHES:
                head, found, tail = bare.rpartition(apostrophe)
                if found:
                    return tail or head
        return bare
