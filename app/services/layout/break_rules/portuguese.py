"""Word classes of Portuguese."""

from __future__ import annotations

from app.services.layout.break_rules.word_classes import WordClasses, words

PORTUGUESE_WORDS = WordClasses(
    determiners=words("""
        o a os as um uma uns umas meu minha meus minhas teu tua teus tuas seu sua seus suas nosso
        nossa nossos nossas este esta estes estas esse essa esses essas aquele aquela aqueles
        aquelas cada nenhum nenhuma algum alguma
    """),
    prepositions=words("""
        a de em por para com sem sob sobre entre até desde durante contra após perante ante ao aos à
        às do da dos das no na nos nas pelo pela pelos pelas num numa nuns numas dum duma deste
        desta destes destas desse dessa daquele daquela neste nesta nesse nessa naquele naquela
        pra pro
    """),
    conjunctions=words("""
        e ou nem mas porém porque que quê embora quando enquanto onde se como quem cujo cuja pois
    """),
    pronouns=words("eu tu você ele ela nós vós vocês eles elas"),
    clitics=words("me te se lhe lhes nos vos o a os as"),
    auxiliaries=words("""
        hei há havia haviam houve tenho tens tem temos têm tinha tinhas tínhamos tinham terei terá
        teremos terão teria teriam tenha tenhas tenhamos tenham tive teve tiveram tivesse tivessem
        ter tendo sou és é somos são era eras éramos eram fui foi fomos foram será serão seria
        seriam seja sejam sido ser estou estás está estamos estão estava estavas estávamos estavam
        esteve estiveram estar vou vais vai vamos vão ia iam posso podes pode podemos podem podia
        podiam poderia devo deves deve devemos devem devia deviam
    """),
    negations=words("não nunca jamais"),
    titles=words("""
        senhor senhora sr sra dom dona doutor doutora professor professora são santa santo capitão
        presidente rei rainha tio tia
    """),
    numbers=words("""
        dois duas três quatro cinco seis sete oito nove dez onze doze treze catorze quatorze quinze
        vinte trinta quarenta cinquenta sessenta setenta oitenta noventa cem cento mil milhão
        milhões menos
    """),
)
