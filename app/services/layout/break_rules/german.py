"""Word classes of German."""

from __future__ import annotations

from app.services.layout.break_rules.word_classes import WordClasses, words

GERMAN_WORDS = WordClasses(
    determiners=words("""
        der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner
        keines mein meine meinen meinem meiner meines dein deine deinen deinem deiner deines sein
        seine seinen seinem seiner seines ihr ihre ihren ihrem ihrer ihres unser unsere unseren
        unserem unserer unseres euer eure euren eurem eurer eures dieser diese dieses diesen diesem
        jener jene jenes jenen jenem jeder jede jedes jeden jedem welcher welche welches manche
    """),
    prepositions=words("""
        an auf aus außer bei bis durch für gegen gegenüber hinter in mit nach neben ohne seit statt
        trotz über um unter von vor während wegen zu zwischen im am zum zur vom beim ins ans aufs
        fürs ums
    """),
    conjunctions=words("""
        und aber oder denn sondern dass daß weil wenn als ob obwohl bevor nachdem damit während
        sobald solange falls sodass wie doch wo warum
    """),
    pronouns=words("ich du er sie es wir ihr man wer"),
    clitics=words("sich"),
    split_auxiliaries=words("""
        habe hast hat haben habt hatte hattest hatten bin bist ist sind seid war warst waren werde
        wirst wird werden wurde wurdest wurden worden würde würden kann kannst können konnte
        konnten muss musst müssen musste mussten soll sollst sollen sollte sollten will willst
        wollen wollte wollten darf darfst dürfen durfte mag möchte möchten hätte hätten wäre wären
        gewesen
    """),
    verb_endings=("en", "t", "ln", "rn"),
    negations=words("nicht nie zu"),
    titles=words("herr herrn frau fräulein doktor dr professor prof kapitän könig königin onkel"),
    numbers=words("""
        zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig vierzig fünfzig
        sechzig siebzig achtzig neunzig hundert tausend minus
    """),
    capital_nouns=True,
)
