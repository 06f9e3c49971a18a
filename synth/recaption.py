"""Captions from a picture, its alt text and the text around it.

`caption_request` asks, `read_caption` judges the answer. The gates are the
same for every model: what a weak model writes is rejected, not softened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from filters import identify
from model import Picture, Request, Response, task_of

#: What the answer must be. Lengths are checked after, not by the engine.
SCHEMA = {
    "type": "object",
    "properties": {"caption": {"type": "string"}},
    "required": ["caption"],
    "additionalProperties": False,
}

#: Languages that captions are written in; rows in others get English ones.
LANGUAGES = ("ko", "en")

_SYSTEM = {
    "en": (
        "You write captions for pictures in documents. In two or three English sentences, say "
        "what the picture shows: objects, text, structure, and how they relate. Use only what "
        "the picture and the given text support. Do not repeat the given text. "
        'Answer with JSON only: {"caption": "..."}'
    ),
    "ko": (
        "당신은 문서 속 그림의 설명을 쓰는 사람입니다. 그림에 보이는 대상, 글자, 구조와 그 관계를 "
        "한국어 두세 문장으로 설명하세요. 그림과 주어진 글에서 확인할 수 있는 내용만 쓰고, 주어진 "
        '글을 그대로 옮기지 마세요. JSON으로만 답하세요: {"caption": "..."}'
    ),
}
_FIELDS = {
    "en": ("Alt text", "Text before", "Text after", "Describe the picture."),
    "ko": ("대체 텍스트", "앞 글", "뒤 글", "그림을 설명하세요."),
}

#: Words of the n-grams by which copying and repetition are measured.
NGRAM = 4
#: A caption of which a larger share of n-grams has occurred before is a loop.
MAX_REPEATED = 0.3
#: A caption has at least this many words, and ends as a sentence does.
MIN_WORDS = 5
_SENTENCE_END = re.compile(r"[.!?。][」”\"')]?$")
#: Where the model did not see the picture, this share of the caption's words of
#: four letters and more, and of its numbers, must stand in what it was given:
#: it can know nothing else.
MIN_SUPPORTED = 0.7
#: Shares of letters that must be of the language's script.
MIN_SCRIPT = {"ko": 0.5, "en": 0.9}
_SCRIPT = {"ko": re.compile(r"[가-힣]"), "en": re.compile(r"[A-Za-z]")}
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Scene:
    """What is known of a picture before the model is asked."""

    #: Id of the row and index of the picture in it.
    row: str
    image: int
    lang: str
    alt: str
    before: str
    after: str
    #: Whether the model is shown the picture.
    seen: bool


@dataclass(frozen=True)
class Limits:
    """What a caption must keep to; lengths in characters."""

    min_characters: int
    max_characters: int
    #: Share of n-grams that stand in the alt text, the context or the prompt.
    max_copied: float


@dataclass(frozen=True)
class Verdict:
    """A caption, or the reason why there is none; `score` is what broke `threshold`."""

    caption: str
    reason: str | None = None
    score: float | None = None
    threshold: float | None = None
    detail: str | None = None


def caption_language(lang: str | None) -> str:
    """The language to caption a row in."""
    return lang if lang in LANGUAGES else "en"


def caption_request(
    scene: Scene, picture: Picture | None, *, max_tokens: int, seed: int
) -> Request:
    """Ask for a caption; `picture` is None where the model cannot see."""
    alt, before, after, ask = _FIELDS[scene.lang]
    given = [(alt, scene.alt), (before, scene.before), (after, scene.after)]
    lines = [f"{name}: {text}" for name, text in given if text]
    return Request(
        id=f"{scene.row}/{scene.image}",
        system=_SYSTEM[scene.lang],
        text="\n\n".join([*lines, ask]),
        task=task_of(scene.lang, has_image=picture is not None),
        max_tokens=max_tokens,
        seed=seed,
        pictures=(picture,) if picture else (),
        schema=SCHEMA,
        thinking=False,
    )


def read_caption(response: Response, scene: Scene, limits: Limits) -> Verdict:
    """The caption in an answer, or the first gate that it does not pass."""
    if response.text is None:
        return Verdict("", "request_failed", detail=response.error)
    if response.finish != "stop":
        return Verdict(response.text, "truncated")
    try:
        caption = json.loads(response.text)["caption"]
        if not isinstance(caption, str):
            return Verdict(response.text, "not_the_schema")
    except (ValueError, KeyError, TypeError, RecursionError):
        return Verdict(response.text, "not_the_schema")
    caption = " ".join(caption.split())
    return _first_broken(caption, scene, limits)


def _first_broken(caption: str, scene: Scene, limits: Limits) -> Verdict:
    length = len(caption)
    if length < limits.min_characters:
        return Verdict(caption, "too_short", length, limits.min_characters)
    if length > limits.max_characters:
        return Verdict(caption, "too_long", length, limits.max_characters)
    words = len(caption.split())
    if words < MIN_WORDS or not _SENTENCE_END.search(caption):
        return Verdict(caption, "not_a_sentence", words, MIN_WORDS)
    share = _script_share(caption, scene.lang)
    if share < MIN_SCRIPT[scene.lang]:
        return Verdict(caption, "wrong_language", share, MIN_SCRIPT[scene.lang])
    identified, _ = identify(pa.array([caption]))
    if identified[0].as_py() not in (None, scene.lang):
        return Verdict(caption, "wrong_language", detail=identified[0].as_py())
    grams = ngrams(caption)
    repeated = 1 - len(set(grams)) / max(1, len(grams))
    if repeated > MAX_REPEATED:
        return Verdict(caption, "repeats_itself", repeated, MAX_REPEATED)
    sources = {
        "copies_prompt": [_SYSTEM[scene.lang], *_FIELDS[scene.lang]],
        "copies_context": [scene.alt, scene.before, scene.after],
    }
    for reason, given in sources.items():
        copied = copied_share(caption, given)
        if copied > limits.max_copied:
            return Verdict(caption, reason, copied, limits.max_copied)
    supported = supported_share(caption, [scene.alt, scene.before, scene.after])
    if not scene.seen and supported < MIN_SUPPORTED:
        return Verdict(caption, "unsupported", supported, MIN_SUPPORTED)
    return Verdict(caption)


def ngrams(text: str) -> list[tuple[str, ...]]:
    """Runs of `NGRAM` words, lower case, without punctuation; a shorter text is one run."""
    words = re.findall(r"\w+", text.lower())
    if len(words) <= NGRAM:
        return [tuple(words)]
    return [tuple(words[i : i + NGRAM]) for i in range(len(words) - NGRAM + 1)]


def copied_share(caption: str, given: Sequence[str]) -> float:
    """The share of the caption's n-grams that stand in one of the given texts, 0..1."""
    grams = ngrams(caption)
    size = len(grams[0])
    known = set()
    for text in given:
        words = re.findall(r"\w+", text.lower())
        known |= {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}
    return sum(g in known for g in grams) / len(grams)


def supported_share(caption: str, given: Sequence[str]) -> float:
    """The share of the caption's telling words and numbers that stand in the given texts, 0..1.

    Korean words count when their first two syllables do: particles change.
    """
    known = " ".join(given).lower()
    words = re.findall(r"\d[\d.,]*|[가-힣]{2,}|[^\W\d_]{4,}", caption.lower())
    if not words:
        return 0.0
    stems = [w[:2] if _SCRIPT["ko"].match(w) else w.rstrip(".,") for w in words]
    return sum(stem in known for stem in stems) / len(stems)


def _script_share(text: str, lang: str) -> float:
    letters = len(_LETTER.findall(text))
    return len(_SCRIPT[lang].findall(text)) / letters if letters else 0.0
