"""Word classes of Italian."""

from __future__ import annotations

from app.services.layout.break_rules.word_classes import WordClasses, words

ITALIAN_WORDS = WordClasses(
    determiners=words("""
        il lo la i gli le l un uno una mio mia miei mie tuo tua tuoi tue suo sua suoi sue nostro
        nostra nostri nostre vostro vostra vostri vostre loro questo questa questi queste quel
        quello quella quei quegli quelle ogni nessun nessuna alcun alcuni alcune qualche
    """),
    prepositions=words("""
        di d a ad da in con su per tra fra del dello della dei degli delle dell al allo alla ai agli
        alle all dal dallo dalla dai dagli dalle dall nel nello nella nei negli nelle nell sul sullo
        sulla sui sugli sulle sull col coi senza dopo durante dietro sotto sopra verso fino contro
        lungo
    """),
    conjunctions=words("""
        e ed o od ma né perché che chi se quando mentre dove come cui quale quali finché affinché
        anche quanto
    """),
    pronouns=words("io tu lui lei noi voi essi"),
    clitics=words("mi ti si ci vi ne lo la li le gli c s m t v"),
    auxiliaries=words("""
        ho hai ha abbiamo avete hanno avevo avevi aveva avevamo avevano avrò avrai avrà avremo
        avranno avrei avresti avrebbe avremmo avrebbero abbia abbiate abbiano avessi avesse avessero
        aver avere sono sei è siamo siete ero eri era eravamo erano fu furono sarò sarai sarà saremo
        saranno sarei sarebbe sarebbero sia siano fosse fossero essere stato stata stati sto
        sta stanno stava stavano può possono poteva potevano potrebbe deve devono doveva dovevano
    """),
    negations=words("non mai"),
    titles=words("""
        signor signore signora signorina dottor dottore dottoressa professor professore
        professoressa don san santa capitano presidente re zio zia
    """),
    numbers=words("""
        due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici
        venti trenta quaranta cinquanta sessanta settanta ottanta novanta cento mille mila milioni
        meno
    """),
    elides=True,
)
