"""Words that lean on what follows: conjunctions, prepositions and articles."""

from __future__ import annotations

_CONJUNCTIONS = """
and but or nor because although though unless until whereas while when where which who whose that
than if since as
und aber oder denn weil dass wenn obwohl damit sondern während
y e o u pero sino porque que aunque cuando donde mientras si como
et ou mais donc car puisque quand lorsque où
ma anche perché quando mentre dove che
mas porque embora quando enquanto onde
"""
_PREPOSITIONS = """
about above across after against along among around at before behind below between by down during
for from in inside into like near of off on onto over per through to toward towards under up upon
with within without
an auf aus bei durch für gegen hinter in mit nach neben ohne seit über um unter von vor zu zum zur
im am
a al ante bajo con contra de del desde durante en entre hacia hasta para por según sin sobre tras
à au aux avec chez contre dans de depuis des du en entre jusque par pendant pour sans sous sur vers
di da dal della nel nella su sul tra fra
em com sem no na nos nas ao aos às pelo pela
"""
_ARTICLES = """
a an the my your his her its our their this these those
der die das den dem des ein eine einen einem einer mein dein sein
el la los las un una unos unas lo mi tu su
le les l' un une ce cette ces mon ma mes ton ta tes son sa ses
il lo gli i uno
os as um uma
"""

OPENING = frozenset(_CONJUNCTIONS.split()) | frozenset(_PREPOSITIONS.split())
"""Words that begin a phrase: a break before them reads well.

English, German, Spanish, French, Italian and Portuguese together, since the language of a text is
often only guessed; a word that means something else in another of them costs a little balance and
nothing more.

Source: Netflix Timed Text Style Guide, General Requirements, "Line Treatment": break after
punctuation, before conjunctions, before prepositions.
"""

LEANING = OPENING | frozenset(_ARTICLES.split())
"""Words that a break never leaves behind: the phrase that they open would be cut in two."""
