"""What texts are about: the names and terms that selection balances by.

Not a tagger: a light, bounded method for each way of writing.

- Letters with capitals: words and runs of words with a capital. One that only
  ever begins a sentence, or that the text also has in lower case, is none. In
  German every noun has a capital, and in Vietnamese a single syllable says
  little: there a single word must be an acronym, have a capital inside, be long
  (a German compound) or foreign (Vietnamese).
- Korean: morphemes by Kiwi (github.com/bab2min/Kiwi, Apache-2.0): proper nouns,
  nouns of several morphemes, and long single ones, which are loan words.
- Japanese and Chinese: runs of Katakana, runs of four Han and more, and shorter
  ones that end as names of places and bodies do.

Texts in the last three are searched for words with capitals too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING
from unicodedata import category, normalize

import pyarrow as pa
import pyarrow.compute as pc

from filters.entity_words import LINKS, STOP_WORDS

if TYPE_CHECKING:
    from kiwipiepy import Kiwi

#: Characters that are looked at: what a document is about is said at its start, and
#: Kiwi, the slowest method, reads about 90,000 a CPU second.
MAX_CHARACTERS = 4000
#: Entities of a text: those that it names most often. The others it only mentions.
MAX_ENTITIES = 16
#: Characters of an entity. Shorter is an initial, longer a sentence without blanks.
MIN_LENGTH, MAX_LENGTH = 2, 60
#: Words of a run with capitals; a longer one is a heading in title case.
MAX_WORDS = 5
#: Letters of a German noun that make it a compound: "Möglichkeiten" has 13.
GERMAN_COMPOUND = 14
#: Syllables of a Korean noun that make it a loan word: Sino-Korean words have two or three.
KOREAN_LOAN = 4
#: Letters of an English small word that is none in another language.
MIN_ENGLISH = 4
#: Han in a run that is a compound whatever its last.
HAN_COMPOUND = 4
#: Letters of Katakana: two are an interjection or a unit.
MIN_KATAKANA = 3


class KoreanModelMissing(RuntimeError):
    """Kiwi is not installed."""


def entities(texts: pa.StringArray, languages: pa.StringArray) -> pa.ListArray:
    """The entities of each text, lists of distinct strings: NFKC, case folded, most frequent first.

    `languages` are ISO 639-1 codes; a text of an unknown one is searched for
    capitals only. At most `MAX_ENTITIES` a text, from its first `MAX_CHARACTERS`
    characters. Raises KoreanModelMissing where Korean is met and Kiwi is not there.
    """
    starts = pc.utf8_slice_codeunits(texts, 0, MAX_CHARACTERS).to_pylist()
    found = [
        _most_frequent(_mentions(normalize("NFC", text), language or ""))
        for text, language in zip(starts, languages.to_pylist(), strict=True)
    ]
    return pa.array(found, pa.list_(pa.string()))


def _mentions(text: str, language: str) -> Iterator[str]:
    yield from _capitalised(text, language)
    if language == "ko":
        yield from _korean(text)
    elif language in ("ja", "zh"):
        yield from _japanese(text)


def _most_frequent(mentions: Iterator[str]) -> list[str]:
    """Canonical entities; of equal counts the first named comes first."""
    named = filter(_is_name, map(canonical, mentions))
    return [entity for entity, _ in Counter(named).most_common(MAX_ENTITIES)]


def canonical(mention: str) -> str:
    """One form for all ways to write an entity: NFKC, case folded, single blanks."""
    return " ".join(normalize("NFKC", mention).casefold().split())


#: A letter and a number: a cell, a key, a norm.
_REFERENCE = re.compile(r"[a-z]{1,2}\d+")


def _is_name(entity: str) -> bool:
    if not MIN_LENGTH <= len(entity) <= MAX_LENGTH or _REFERENCE.fullmatch(entity):
        return False
    return any(character.isalpha() for character in entity)


#: What a word with capitals is made of: letters, but those of scripts that have none.
_CASED = r"[^\W_\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\uff66-\uff9d]"
#: No letter beyond it has a capital that names are written with.
_LAST_CAPITAL = 0x1FFF
#: Characters before a capital in which is seen whether it begins a sentence.
_LOOK_BACK = 4


@cache
def _capitals() -> re.Pattern[str]:
    """Runs of words with a capital, which may have `LINKS` between them."""
    capitals = (chr(c) for c in range(_LAST_CAPITAL) if category(chr(c)) in ("Lu", "Lt"))
    word = f"[{''.join(capitals)}]{_CASED}*(?:[-’'&.]{_CASED}+)*"
    links = "|".join(sorted(LINKS, key=len, reverse=True))
    return re.compile(f"(?<!{_CASED})(?<!-){word}(?: (?:(?:{links}) )?{word})*")


def _capitalised(text: str, language: str) -> Iterator[str]:
    stop_words = _stop_words(language)
    small = set(text.split())
    runs: list[tuple[list[str], bool]] = []
    inside: set[str] = set()
    for match in _capitals().finditer(text):
        words = match[0].removesuffix("’s").removesuffix("'s").split()
        first = _begins_sentence(text, match.start())
        runs.append((words, first))
        if not first:
            inside.update(words)
    for words, first in runs:
        if len(words) > MAX_WORDS:
            continue
        sure = not first or words[0] in inside or _has_name_shape(words[0])
        # German verbs and adverbs stand before nouns; elsewhere their lower case tells.
        if not sure and (len(words) == 1 or language == "de" or words[0].lower() in small):
            words = words[1:]
        for name in _split(words, stop_words, with_links=language != "de"):
            if len(name) > 1 or _is_single_name(name[0], language, small):
                yield " ".join(name)


@cache
def _stop_words(language: str) -> frozenset[str]:
    """Those of the language, and English ones: there is English in pages of all languages."""
    own = STOP_WORDS.get(language, frozenset())
    # Short ones are syllables of names elsewhere: Nguyễn Văn An.
    short = MIN_ENGLISH if own else 0
    return own | {word for word in STOP_WORDS["en"] if len(word) >= short}


def _begins_sentence(text: str, place: int) -> bool:
    """Unless a small letter, a letter without case, or a comma stands before."""
    before = text[max(0, place - _LOOK_BACK) : place].rstrip(" \"'“”‘’«»„([")[-1:]
    return before != "," and (not before.isalpha() or before.isupper())


def _split(
    words: list[str], stop_words: frozenset[str], *, with_links: bool
) -> Iterator[list[str]]:
    """The names between stop words, and between links unless these belong to names."""
    names: list[list[str]] = [[]]
    for word in words:
        is_link = word.islower()
        parts = not with_links if is_link else word.lower() in stop_words
        if parts:
            names.append([])
        elif names[-1] or not is_link:
            names[-1].append(word)
    for name in names:
        while name and name[-1].islower():
            name.pop()
        if name:
            yield name


def _has_name_shape(word: str) -> bool:
    """An acronym, or a capital or a digit inside: GNU, LibreOffice, Python3."""
    return any(character.isupper() or character.isdigit() for character in word[1:])


def _is_single_name(word: str, language: str, small: set[str]) -> bool:
    if _has_name_shape(word):
        return True
    if language == "de":
        return len(word) >= GERMAN_COMPOUND
    if language == "vi" and not word.isascii():
        return False
    return word.lower() not in small


#: Katakana with long marks, whose parts a middle dot may join; or Han.
_JAPANESE = re.compile(r"([ァ-ヺー]{2,}(?:・[ァ-ヺー]+)*)|([\u3400-\u4dbf\u4e00-\u9fff々]{2,})")
#: How names of places, bodies, people and languages end.
_NAME_ENDINGS = frozenset("県市区町村都府州国省庁党社駅寺城島湖語氏縣國")


def _japanese(text: str) -> Iterator[str]:
    for match in _JAPANESE.finditer(normalize("NFKC", text)):
        word, is_katakana = match[0], match[1] is not None
        if is_katakana:
            is_name = len(word) >= MIN_KATAKANA
        else:
            is_name = len(word) >= HAN_COMPOUND or word[-1] in _NAME_ENDINGS
        if is_name and word not in STOP_WORDS["ja"]:
            yield word


#: Tags of the Sejong corpus, as Kiwi gives them: what a noun is made of …
_NOUN_PARTS = frozenset({"NNG", "NNP", "SL", "SH", "SN", "XPN", "XSN"})
#: … and which of these can be one alone.
_NOUNS = frozenset({"NNG", "NNP", "SL", "SH"})
#: The suffix of more than one.
_PLURAL = "들"
#: Tag, start and end of a morpheme.
_Morpheme = tuple[str, int, int]


def _korean(text: str) -> Iterator[str]:
    run: list[_Morpheme] = []
    for token in _kiwi().tokenize(text):
        start, end = token.start, token.start + token.len
        if run and (token.tag not in _NOUN_PARTS or start != run[-1][2]):
            yield from _korean_noun(text, run)
            run = []
        if token.tag in _NOUN_PARTS:
            run.append((token.tag, start, end))
    yield from _korean_noun(text, run)


def _korean_noun(text: str, run: list[_Morpheme]) -> Iterator[str]:
    """The noun that adjacent morphemes make, where it is a name or a term."""
    nouns = [tag for tag, _, _ in run if tag in _NOUNS]
    # What has no letter of Korean is found by its capitals.
    if not nouns or set(nouns) == {"SL"}:
        return
    last = run[-1]
    end = last[1] if last[0] == "XSN" and text[last[1] : last[2]] == _PLURAL else last[2]
    noun = text[run[0][1] : end]
    is_term = len(nouns) > 1 or len(noun) >= KOREAN_LOAN or nouns[0] in ("NNP", "SH")
    if is_term and noun not in STOP_WORDS["ko"]:
        yield noun


@cache
def _kiwi() -> Kiwi:
    try:
        from kiwipiepy import Kiwi
    except ImportError:
        raise KoreanModelMissing("Kiwi is missing: pip install kiwipiepy==0.24.1") from None
    # The dictionary left out has titles of several words, and takes 200 MB and 2 s.
    return Kiwi(num_workers=1, load_multi_dict=False, load_typo_dict=False)
