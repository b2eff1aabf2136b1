"""Pretending to translate: real words of the target language, the same ones for the same line."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

LEXICON = {
    "es": "a y o de la el en un se lo que con por sin una los del muy más casa agua vida gente "
    "nuestro bien hoy río noche tiempo ciudad puerta mañana ventana hermano siempre pequeño "
    "palabra historia corazón nosotros entonces montaña pregunta mientras problemas",
    "fr": "à et ou de la le en un se lui que avec pour sans une les des très plus maison eau vie "
    "gens notre bien nuit temps ville porte matin fenêtre frère toujours petite parole histoire "
    "coeur alors montagne question pendant quelque chose beaucoup aujourd'hui étrangers",
    "de": "in an zu du er es der die das und mit für ohne eine sehr mehr haus wasser leben leute "
    "unser gut heute fluss nacht zeit stadt tür morgen fenster bruder immer klein wörter "
    "geschichte herzen dann berge frage während niemals vielleicht zwischen schwester",
    "pt": "a e o de da em um se lhe que com por sem uma os do muito mais casa água vida gente "
    "nosso bem hoje noite tempo cidade porta manhã janela irmão sempre pequeno palavra "
    "história coração então montanha pergunta enquanto nunca também você não são coisas",
    "it": "a e o di la il in un si lo che con per senza una gli dei molto più casa acqua vita "
    "gente nostro bene oggi notte tempo città porta mattina finestra fratello sempre piccolo "
    "parola storia cuore allora montagna domanda mentre nessuno anche perché cose",
    "ru": "а и о из на в он мы что как для без одна этих очень больше дом вода жизнь люди наш "
    "хорошо сегодня река ночь время город дверь утро окно брат всегда маленький слово история "
    "сердце тогда гора вопрос пока никогда может сестра ничего",
    "ja": "川の 水が 家に 夜は 町で 朝も 人を これは それが とても いつも 小さな 言葉を 話して "
    "います でした 見ました 行きます 時間が 窓から 兄と 心の 山へ 質問を",
    "zh": "我们 他们 房子 河水 今天 晚上 城市 早上 窗户 兄弟 总是 小的 故事 心里 那时 问题 "
    "知道 没有 看见 时间 生活 非常 更多 已经",
    "ko": "우리는 그들이 집에 물이 오늘 밤에 도시로 아침에 창문을 형제가 항상 작은 말을 "
    "이야기를 마음이 그때 산으로 질문을 합니다 있습니다 시간이 매우 더 많이",
    "ar": "من في على هذا هذه كان بيت ماء حياة الناس اليوم النهر الليل الوقت المدينة الباب "
    "الصباح النافذة دائما صغير كلمة قصة قلب ثم سؤال عندما أبدا شيء",
}
"""Words by language; the longer and the shorter ones stand in for longer and shorter ones."""

_UNSPACED = frozenset({"ja", "zh"})
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_BETWEEN = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")


def shout(text: str, into: str) -> str:
    """Return what a faultless model answers: ``[es] casa río de 17``.

    Args:
        text: the line.
        into: name of the target language with its tag, as prompts have it: ``Spanish (es)``.
    """
    found = re.search(r"\(([^)]*)\)$", into)
    tag = found[1] if found else into
    base = tag.split("-")[0]
    if base not in LEXICON:
        return f"[{tag}] {text.upper()}"
    words = _WORD.sub(lambda match: _word(match[0].casefold(), base), text)
    if base in _UNSPACED:
        words = _BETWEEN.sub("", words)
    return f"[{tag}] {words}"


@lru_cache(maxsize=100_000)
def _word(word: str, base: str) -> str:
    words = LEXICON[base].split()
    pick = zlib.crc32(f"{base} {word}".encode())
    near = [each for each in words if abs(len(each) - len(word)) <= 1]
    if base in _UNSPACED | {"ko"} or not near:
        wide = sorted(words, key=lambda each: abs(2 * len(each) - len(word)))
        near = wide[: len(wide) // 2] if base in _UNSPACED | {"ko"} else sorted(words, key=len)[-5:]
    return near[pick % len(near)]
