"""Word classes of English."""

from __future__ import annotations

from app.services.layout.break_rules.word_classes import WordClasses, words

ENGLISH_WORDS = WordClasses(
    determiners=words("""
        a an the this that these those my your his her its our their no every each some any
        another both either neither whose which what
    """),
    prepositions=words("""
        about above across after against along alongside amid among around as at before behind
        below beneath beside besides between beyond by despite down during except for from in
        inside into like near of on onto opposite over past per since than through throughout till
        to toward towards under underneath until upon via with within without
    """),
    conjunctions=words("""
        and but or nor because although though unless until whereas while when whenever where
        wherever which who whom whose that than if since as whether whatever whoever
    """),
    pronouns=words("i you he she it we they there who"),
    auxiliaries=words("""
        am is are was were be been being have has had having do does did will would shall should
        can could may might must cannot gonna ought
    """),
    negations=words("not never"),
    followers=words("""
        myself yourself himself herself itself ourselves yourselves themselves up off out away
    """),
    titles=words("""
        mr mrs ms miss dr doctor prof professor sir lady lord saint st captain president king
        queen uncle aunt
    """),
    numbers=words("""
        two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
        sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
        hundred thousand million billion half
    """),
)
