"""Full stops of abbreviations and of sentences, in many languages."""

from __future__ import annotations

import random

import pytest

from app.domain.abbreviations import may_abbreviate
from app.domain.text import ends_sentence, surely_ends_sentence
from tests.patterns.growth import grows_linearly

GOES_ON = """
en I would like you to meet Capt. | Reyes
en I spoke to Dr. | No
en This is Lt. | Col. Smith
en She lives near St. | John
en We sailed past Mt. | Etna
en He was born in Ft. | Worth
en You are No. | 5
en It is on p. | 12
en See fig. | 3
en J. | R. R. Tolkien
en J. R. | R. Tolkien
en J. R. R. | Tolkien
en He joined the U.S. | Army
en at 5 p.m. | sharp
en Bring food, e.g. | Bread
en Smith vs. | Jones
en It costs approx. | Five pounds
en Prof. | Weber
en Sgt. | Pepper
en Gov. | Brown
en Rev. | Green
en Messrs. | Brown and Co
en "Mr. | Brown"
en It was 3.5 | metres
de Das ist z. | B. Wasser
de Das ist z. B. | Wasser
de Das ist z.B. | Wasser
de Wir haben bzw. | Sie haben
de Hr. | Weber
de Fr. | Weber
de am 3. | Oktober
de Ludwig XIV. | Bourbon
de Nr. | 5
de d. h. | Morgen
de u. a. | Hamburg
fr M. | Dupont
fr Mme. | Dupont
fr MM. | Dupont et Durand
fr Mgr. | Durand
fr p. ex. | Paris
es el Sr. | García
es la Sra. | García
es el dr. | López
es p. | ej. Manzanas
es p. ej. | Manzanas
es Ud. | Sabe
es núm. | 5
es Av. | Libertad
it il Sig. | Rossi
it la sig.ra | Bianchi
it il dott. | Rossi
it l'avv. | Neri
it l'on. | Neri
pt o Sr. | Silva
pt a Dra. | Costa
pt o Exmo. | Silva
nl dhr. | Jansen
nl mevr. | Jansen
nl bijv. | Piet
nl d.w.z. | Morgen
sv t.ex. | Stockholm
sv bl.a. | Lund
sv kl. | 5
da f.eks. | Odense
da hr. | Jensen
no f.eks. | Bergen
nb dvs. | Bergen
fi esim. | Turku
fi hra. | Virtanen
pl p. | Nowak
pl dr. | Nowak
pl np. | Gdynia
pl ul. | Nowa
pl św. | Jan
cs p. | Novák
cs např. | Brno
cs Ing. | Novák
cs sv. | Jan
cs č. | 5
sk napr. | Nitra
hu dr. | Nagy
hu pl. | Szeged
hu ifj. | Nagy
hu XIV. | Lajos
ro dl. | Popescu
ro dna. | Popescu
tr Doç. | Dr. Kaya
tr Sn. | Kaya
tr örn. | Ankara
el κ. | Παππάς
el π.χ. | Αθήνα
ru г. | Москва
ru ул. | Ленина
ru т. | е. Там
ru т. е. | Там
ru т.е. | Там
ru А. | С. Пушкин
ru А.С. | Пушкин
ru д-р | Иванов
ru проф. | Иванов
uk вул. | Шевченка
uk п. | Коваль
bg г-н | Иванов
bg ул. | Иванов
hr npr. | Split
hr g. | Horvat
sr г. | Петровић
ar د. | أحمد
fa د. | رضایی
hi डॉ. | वर्मा
hi श्री. | वर्मा
bn ডা. | রায়
th ดร. | สมชาย
id Bpk. | Budi
id Jl. | Merdeka
vi TS. | Nam
en Gov. | Smith
en Hon. | Judge Lee
en Jan. | 5
en Inc. | magazine
en Cmdr. | Shepard
en the Rt. Hon. | Lee
en Pvt. | Ryan
en Lt. Gen. | Hale
en W. | E. B. Du Bois
en Ph.D. | student
en Col. | Klink
en Sen. | Byrd
en Supt. | Hale
en Ms. | Hale
en Mx. | Hale
en Fr. | Brown
en Br. | Cadfael
en vs. | the world
en Vol. | 2
en pp. | 12
en ca. | 1900
en i.e. | Monday
de Dipl.-Ing. | Weber
de Str. | 5
de usw. | und
de Prof. Dr. | Weber
de Mio. | Euro
de hl. | Anna
de i. d. R. | Montag
de 15. | Mai
fr Dr | Dupont
fr Mlle. | Durand
fr av. J.-C. | et
fr St. | Pierre
fr c.-à-d. | Paris
es D. | Juan
es Dña. | Ana
es Gral. | Franco
es EE. UU. | invadió
es Sto. | Domingo
pt Eng. | Silva
pt n.º | 5
pt Av. | Paulista
it Prof.ssa | Neri
it Dott.ssa | Neri
it ing. | Neri
it S. | Pietro
nl drs. | Bakker
nl o.a. | Amsterdam
nl St. | Nicolaas
pl gen. | Anders
pl m.in. | Gdańsk
pl ks. | Jan
cs tzv. | Praha
cs MUDr. | Novák
ru и т. п. | и
ru акад. | Павлов
ru ген. | Иванов
tr Av. | Kaya
tr Alb. | Kaya
sv d.v.s. | Lund
da bl.a. | Aarhus
fi mm. | Turku
hu Szt. | István
hu özv. | Nagyné
ro str. | Unirii
el δηλ. | Αθήνα
uk проф. | Коваль
uk м. | Київ
bg проф. | Иванов
id dr. | Budi
vi GS. | Nam
ar أ. | محمد
hi प्रो. | वर्मा
th น.ส. | มาลี
- Capt. | Reyes
- Sra. | García
- проф. | Иванов
"""

ENDS = """
en He left at 5 p.m. | He was late
en We went home. | Mary stayed
en Help me. | John fell
en I am ill. | Mary left
en He came in. | Mary left
en That is art. | Mary left
en It starts in May. | Mary left
en No. | Mary left
en I said no. | Mary left
en It was plan B. | He left
en She takes vitamin C. | It helps
en He works for Acme Inc. | He is tired
en Pens, paper, etc. | Mary left
en This is Henry I. | Then came another
en He said "no." | Then he left
en He said “no.” | Then he left
en Wait... | Never mind
en Really?! | Yes
en She lives in the U.S. | She is happy
de Er sagte: „Gut.“ | Dann ging er
de Es war »gut.« | Dann ging er
de Papier, Stifte usw. | Dann ging er
de Das war im Jahr 44 v. Chr. | Dann kam er
fr C'est bon. | Marie est là
fr Il est là. | Marie dort
fr du papier, etc. | Marie dort
es Está bien. | María vino
es Estoy en contra. | María vino
es papel, lápices, etc. | María vino
es a las 5 p. m. | Luego salió
it Vieni da me. | Maria dorme
it Ho detto di no. | Maria dorme
it Chi è. | Maria dorme
it carta, penne ecc. | Maria dorme
pt papel, etc. | Depois saiu
nl Kom op. | Maria slaapt
nl Dat is waar. | Maria slaapt
sv Det är en ö. | Sedan gick han
pl Chodź tu. | Maria śpi
pl papier itd. | Maria śpi
cs papír atd. | Marie spí
hu papír stb. | Mari alszik
hu Ez ő. | Mari alszik
tr kalem vb. | Ayşe uyuyor
ru Это я. | Мария спит
ru и т. д. | Он ушёл
ru и т.д. | Он ушёл
ru Его нет. | Мария спит
uk Це я. | Марія спить
el Πού πας; | Εδώ
el χαρτί κλπ. | Μετά έφυγε
hy Նա գնաց։ | Ես եկա
hy Նա գնաց: | Ես եկա
am ሰላም ነው። | እኔ
am ሰላም ነው:: | እኔ
hi वह घर गया। | मैं आया
hi वह घर गया| | मैं आया
hi वह घर गया॥ | मैं आया
bn সে গেল। | আমি এলাম
ar هل أنت بخير؟ | نعم
ur وہ گیا۔ | میں آیا
ja そうですね。 | はい
ja 「本当？」 | はい
zh 好的！” | 他走了
zh 好的． | 他走了
ko 갔어요. | 네
my သွားပြီ။ | ဟုတ်
km ទៅហើយ។ | បាទ
si ගියා෴ | ඔව්
th ไปแล้ว! | ใช่
he הוא הלך. | כן
ka წავიდა. | დიახ
en What‽ | Nothing
en Stop⁉ | No
en He met the gov. | Then he left
en I like jazz. | She hates it
en Look at me. | Now
en He is Dr. Lee Jr. | He left
en We use the metric system, kg, cm, etc. | Then we ship
en I live on 5th Ave. | It is loud
en It ended in 1945. | He left
en I am 5. | She is 6
en Go on. | Mr. Lee waits
en (He left.) | Then
en He left.” | Then
en "Stop!" | He ran
en Not at all. | Capt. Lee said so
de Das war 1945. | Dann kam er
de Das ist alles. | Er geht
de Er kam um acht. | Sie auch
fr Je vais bien. | Et toi
fr Il est à moi. | Non
es Se acabó. | Vámonos
es No lo sé. | Quizá
it Sono qui. | Vieni
it È un re. | Viva
pt Estou aqui. | Venha
pt É uma avó. | Sim
nl Ik ga nu. | Kom
sv Han är här. | Kom
da Jeg er her. | Kom
pl Idę tam. | Chodź
pl To on. | Tak
cs Jdu tam. | Pojď
ru Он там. | Да
ru Да и нет. | Всё
tr Geldim. | Gel
hu Itt van. | Gyere
fi Tulen. | Mene
id Saya di sini. | Ayo
vi Tôi ở đây. | Đi
zh 走吧。 | 好
ja 行こう！ | はい
ko 가자. | 응
hi चलो। | हाँ
th ไปกันเถอะ? | ไป
- done. | Next
"""


def rows(text: str) -> list[tuple[str, str, str]]:
    found = []
    for line in text.strip().splitlines():
        language, _, rest = line.partition(" ")
        before, _, after = rest.rpartition(" | ")
        found.append((language.strip("-"), before, after))
    return found


@pytest.mark.parametrize(("language", "text", "after"), rows(GOES_ON))
def test_a_sentence_goes_on_behind_an_abbreviation(language: str, text: str, after: str) -> None:
    assert not ends_sentence(text, after, language)


@pytest.mark.parametrize(("language", "text", "after"), rows(ENDS))
def test_a_sentence_ends(language: str, text: str, after: str) -> None:
    assert ends_sentence(text, after, language)


@pytest.mark.parametrize("word", ["Capt.", "U.S.", "J.", "etc.", "z.B.", "Dr.", "5."])
def test_a_transcriber_waits_for_the_next_word(word: str) -> None:
    assert not surely_ends_sentence(word, "en" if word != "z.B." else "de")


def test_any_text_can_be_asked_about() -> None:
    chance = random.Random(15)
    alphabet = "aAeäßÖяЖ.5. '’\"“”-–é中の\u0301\u200f\ud800😀\0ก्द:;|"
    for _ in range(3000):
        text = "".join(chance.choices(alphabet, k=chance.randrange(12))) + "."
        after = "".join(chance.choices(alphabet, k=chance.randrange(6)))
        language = chance.choice(["", "en", "de", "it", "xx", "zh-Hant", "pt-BR", "und"])
        assert may_abbreviate(text, language) in (True, False)
        assert ends_sentence(text, after, language) in (True, False)


@pytest.mark.parametrize("unit", ["a. ", "Dr. ", ".", "“.”", "J.R.", "é\u0301", " ", "\u200f"])
def test_only_the_last_words_of_a_text_are_looked_at(unit: str) -> None:
    assert grows_linearly(lambda text: ends_sentence(text, text, "en"), lambda n: unit * n, 3000)
