"""Word classes of French."""

from __future__ import annotations

from app.services.layout.break_rules.word_classes import WordClasses, words

FRENCH_WORDS = WordClasses(
    determiners=words("""
        le la les un une des du au aux l ce cet cette ces mon ma mes ton ta tes son sa ses notre
        nos votre vos leur leurs quel quelle quels quelles chaque quelques plusieurs aucun aucune
    """),
    prepositions=words("""
        à de d en dans sur sous avec sans pour par contre chez entre vers depuis pendant jusque
        jusqu avant après devant derrière malgré parmi selon hors dès durant voici voilà
    """),
    conjunctions=words("""
        et ou ni mais donc car or que qu qui quoi dont où quand lorsque lorsqu puisque puisqu parce
        comme si s quoique tandis
    """),
    pronouns=words("je j tu il elle on nous vous ils elles ce c"),
    clitics=words("me m te t se s lui leur y en le la les l"),
    auxiliaries=words("""
        ai as a avons avez ont avais avait avions aviez avaient aurai auras aura aurons aurez auront
        aurais aurait aurions auriez auraient aie aies ait ayons ayez aient eu eut suis es est
        sommes êtes sont étais était étions étiez étaient serai seras sera serons serez seront
        serais serait serions seriez seraient sois soit soyons soyez soient été fut furent fût vais
        vas va allons allez vont allais allait peux peut pouvons pouvez peuvent pouvait pouvaient
        dois doit devons devez doivent devait devaient dû faut fallait
    """),
    negations=words("pas jamais"),
    late_negations=words("pas plus jamais rien personne point guère aucun aucune"),
    negation_starts=words("ne n"),
    titles=words("""
        monsieur madame mademoiselle m mme mlle docteur professeur maître saint sainte capitaine
        président roi reine oncle tante
    """),
    numbers=words("""
        deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt
        trente quarante cinquante soixante cent cents mille million millions moins
    """),
    elides=True,
)
