"""Word classes of Dutch."""

from __future__ import annotations

from app.services.layout.break_rules.word_classes import WordClasses, words

DUTCH_WORDS = WordClasses(
    determiners=words("""
        de het een mijn m'n jouw je zijn z'n haar ons onze hun uw deze dit die dat geen dezelfde
        hetzelfde elke elk ieder iedere welke welk sommige enkele
    """),
    prepositions=words("""
        aan achter behalve bij binnen boven buiten door in langs met na naar naast om onder op over
        per sinds te ten ter tegen tegenover tijdens tot tussen uit van vanaf vanuit via volgens
        voor wegens zonder
    """),
    conjunctions=words("""
        en of maar want dat die als toen terwijl omdat hoewel voordat nadat zodat tenzij waar wat
        wie hoe waarop waarin dan
    """),
    pronouns=words("ik 'k je jij hij ze zij we wij jullie u men"),
    clitics=words("me mij zich hem"),
    split_auxiliaries=words("""
        heb hebt heeft hebben had hadden ben bent is zijn was waren word wordt worden werd werden
        zal zult zullen zou zouden kan kun kunt kunnen kon konden moet moeten moest moesten mag
        mogen mocht mochten wil wilt willen wilde wilden
    """),
    verb_endings=("en", "aan", "ien", "oen", "d", "t"),
    negations=words("niet nooit"),
    titles=words("meneer mevrouw dokter dr professor prof heer kapitein koning koningin oom tante"),
    numbers=words("""
        twee drie vier vijf zes zeven acht negen tien elf twaalf dertien twintig dertig veertig
        vijftig zestig zeventig tachtig negentig honderd duizend miljoen min
    """),
)
