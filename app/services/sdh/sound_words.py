"""Words of sound descriptions and of roles, by which SDH is told from speech."""

from __future__ import annotations

from app.domain.text import MARKS_AROUND_WORDS

_SOUNDS = """
laugh chuckl giggl sigh cough sneez sniff sob cry scream shout yell whisper mumbl mutter gasp groan
grunt moan hum clear breath pant exhal inhal snor yawn hiccup whistl applau clap cheer music song
sing sound nois door phone ring buzz beep click bang crash thud knock footstep bark meow growl roar
siren engine thunder silence inaudible indistinct chatter speak laughter static
lach kicher seufz hust nies schluchz wein schrei flüster murmel stöhn räusp atm gähn pfeif applaus
jubel musik gesang lied geräusch tür telefon klingel klopf schritt bell sirene donner stille
unverständlich
rire rit soupir touss étern sanglot pleur cri chuchot murmur gémi grogn respir bâill siffl
applaudi musique chanson bruit porte téléphone sonn frapp pas aboi tonnerre inaudible
ríe ris suspir tos estornud solloz llor grit susurr murmur gime gruñ respir bostez silb aplau
música canción ruido puerta teléfono suena timbre golpe pasos ladr sirena trueno silencio
inaudible
rid sospir toss starnut singhioz piang urla sussurr mormor gem respir sbadigli fischi applau
musica canzone rumore porta telefono squill buss passi abbai tuono silenzio
risos suspir tosse espirr soluç chora grita sussurr geme respir boceja assobi aplaus
ruído telefone toca batida passos late trovão silêncio
lach zucht hoest nies snik huil schreeuw fluister mompel kreun ademt gaap fluit applaus
muziek lied geluid deur telefoon klop voetstap blaf donder stilte
смех сме вздых вздох кашл чих рыда плач крич шёпот шепч стон дыш зева свист аплодис музык
песн звук шум двер телефон звон стук шаг лай гром тишин
笑 溜息 ため息 咳 泣 叫 拍手 音楽 音 声 物音 笑い声 叹气 叹息 咳嗽 哭 掌声 音乐 歌声 声音
웃음 한숨 기침 울음 박수 음악 노래 소리
ضحك تنهد سعال بكاء صراخ همس تصفيق موسيقى أغنية صوت
צחוק אנחה שיעול בכי צעקה לחישה מחיאות מוזיקה שיר רעש
"""

SOUND_STEMS = tuple(dict.fromkeys(_SOUNDS.split()))
"""Beginnings of words that describe sounds, in English, German, French, Spanish, Italian,
Portuguese, Dutch, Russian, Japanese, Chinese, Korean, Arabic and Hebrew. Together, since the
language of a file is often only guessed."""

_ROLES = """
man woman boy girl child kid baby narrator announcer reporter interviewer host guest speaker voice
crowd audience all both everyone operator officer teacher doctor nurse
mann frau junge mädchen kind erzähler sprecher sprecherin reporter stimme alle beide
homme femme garçon fille enfant narrateur narratrice voix tous toutes
hombre mujer niño niña narrador narradora locutor locutora voz todos todas
uomo donna ragazzo ragazza bambino narratore narratrice voce tutti
homem mulher menino menina narrador narradora locutor voz todos
man vrouw jongen meisje verteller stem allen
мужчина женщина мальчик девочка диктор рассказчик голос все
男 女 男性 女性 男の子 女の子 ナレーター 旁白 男人 女人 主持人 남자 여자 내레이션
"""

ROLES = frozenset(_ROLES.split())
"""Words that name a speaker by what he is rather than by a name."""


def describes_sound(text: str) -> bool:
    """Whether one of the words of a text begins like the description of a sound."""
    words = [word.strip(MARKS_AROUND_WORDS).casefold() for word in text.split()]
    return any(word.startswith(SOUND_STEMS) for word in words if word)
