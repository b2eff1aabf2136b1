"""Word classes of Spanish."""

from __future__ import annotations

from app.services.layout.break_rules.word_classes import WordClasses, words

SPANISH_WORDS = WordClasses(
    determiners=words("""
        el la los las un una unos unas lo mi mis tu tus su sus nuestro nuestra nuestros nuestras
        vuestro vuestra vuestros vuestras este esta estos estas ese esa esos esas aquel aquella
        aquellos aquellas cada ningún ninguna algún alguna
    """),
    prepositions=words("""
        a al ante bajo con contra de del desde durante en entre hacia hasta mediante para por según
        sin sobre tras
    """),
    conjunctions=words("""
        y e o u ni pero sino porque que qué aunque cuando donde mientras si como cuyo cuya quien
        quienes pues
    """),
    pronouns=words("yo tú él ella usted nosotros nosotras vosotros ellos ellas ustedes"),
    clitics=words("me te se nos os le les lo la los las"),
    auxiliaries=words("""
        he has ha hemos habéis han había habías habíamos habían habré habrás habrá habremos habrán
        habría habrías habríamos habrían haya hayas hayamos hayan hubiera hubieras hubieran hubiese
        hubo haber habiendo soy eres es somos sois son era eras éramos eran fui fue fuimos fueron
        será serán sería serían sido ser siendo estoy estás está estamos están estaba estabas
        estábamos estaban estuvo estar voy vas va vamos van iba iban puedo puedes puede podemos
        pueden podía podían podría podrían debo debes debe debemos deben debía debían
    """),
    negations=words("no nunca jamás"),
    titles=words("""
        señor señora señorita sr sra don doña doctor doctora profesor profesora san santa capitán
        presidente rey reina tío tía
    """),
    numbers=words("""
        dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince veinte
        treinta cuarenta cincuenta sesenta setenta ochenta noventa cien ciento mil millón millones
        menos
    """),
)
