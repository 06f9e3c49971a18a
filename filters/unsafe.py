"""How many words of a text are on a list of vulgar and pornographic ones.

A word is listed only as a whole, by what a whole word is in each script:

- Where words are spaced, nothing of a letter or digit may touch it (Scunthorpe,
  `assess`, Essex).
- A Korean one begins an eojeol, and particles, endings of 하다 and the copula may
  follow it, nothing else: 씨발을 and 섹스하는 count, 시발점 and 망가진 do not. Two of
  the list are also verb + 지 (보지 못하다, 자지 않다): they count only with a particle
  that nouns alone take.
- Japanese writes without blanks: a term of Kanji or Katakana must be the whole run
  of that script (カント is not in カントリー), one of Hiragana is found anywhere.

A text is held against the list of its own language; Korean and Japanese also
against the English one, as Latin words in them are English (in German `dick` is
fat). A term of another language's list says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters.normalise import compose

#: Languages written without blanks, and how many of their letters count as a word.
_UNSPACED, _LETTERS_PER_WORD = ("ja", "zh"), 2
#: Languages whose Latin words are English.
_OTHER_SCRIPTS = ("ko", "ja")
_NO_LETTER = r"[^\p{L}\p{M}\p{N}]"
#: Korean nouns that are verbs too, and the particles that tell the noun.
_KOREAN_VERBS = frozenset(("보지", "자지"))
_NOUN_PARTICLES = "(?:를|가|에|에서|의|로|와|랑|까지|속|털)"
_PARTICLES = (
    "(?:들|년|놈|새끼|이|가|은|는|을|를|의|에|에서|에게|한테|께|도|만|로|으로|와|과|랑|이랑|까지|부터|처럼"
    "|보다|라도|이라도|나|이나|야|아|요|조차|마저|밖에|이고|이며|이다|입니다|인|이라|라고|라는|같은|같이|하고"
    "|한|하는|하다|하며|하면|하지|할|해|해서|했다|했던|적|적인|적으로){0,3}"
)
_KATAKANA = r"[\p{Katakana}ー]"
_SCRIPT_RUNS = rf"({_KATAKANA}+|\p{{Han}}+|[0-9A-Za-z]+)"
_BOUNDED_END = re.compile(r"[0-9A-Za-z\u30a0-\u30ff\u3400-\u9fff]")
#: Other signs are disguises (f*ck), which pages have little of.
_PLAIN_TERM = re.compile(r"[\w\s・＆-]+")


@dataclass(frozen=True)
class _Matcher:
    #: Found in every text that has a term, and in few others. Its classes are
    #: small ones: with `\\p{L}` RE2's automaton outgrows its memory, and is 100 times as slow.
    hint: str
    #: Found once for each term, in a text that `_spaced` prepared.
    exact: str


def measure_unsafe(
    texts: pa.StringArray, languages: pa.StringArray, lists: Mapping[str, Iterable[str]]
) -> dict[str, NDArray[np.float64]]:
    """`unsafe_words`, how many listed words each text has, and `unsafe_share` of its words, 0..1.

    `lists` has terms by language, as `unsafe_words` gives them. A text in no
    known language is held against the English list, one without a list against none.
    """
    lower = pc.utf8_lower(compose(texts))
    codes = np.array([code or "en" for code in languages.to_pylist()], dtype=object)
    hits, shares = np.zeros(len(texts)), np.zeros(len(texts))
    for language in sorted(set(codes)):
        rows = np.flatnonzero(codes == language)
        found = np.zeros(len(rows))
        group = lower.take(pa.array(rows))
        for matcher in _matchers(language, lists):
            some = np.flatnonzero(_matches(group, matcher.hint))
            spaced = _spaced(group.take(pa.array(some)), language)
            found[some] += _count(spaced, matcher.exact)
        some = np.flatnonzero(found)
        hits[rows] = found
        shares[rows[some]] = found[some] / _words(group.take(pa.array(some)), language)
    return {"unsafe_words": hits, "unsafe_share": shares}


def _matchers(language: str, lists: Mapping[str, Iterable[str]]) -> list[_Matcher]:
    makers = {"ko": _korean, "ja": _japanese}
    codes = [language, "en"] if language in makers else [language]
    return [
        makers.get(code, _spelled)(terms)
        for code in codes
        if (terms := _terms(lists.get(code, ())))
    ]


def _terms(terms: Iterable[str]) -> list[str]:
    """Longer ones first: of two that begin alike the longer is meant."""
    plain = (compose(pa.array([t.lower().strip()]))[0].as_py() for t in terms)
    return sorted({t for t in plain if _PLAIN_TERM.fullmatch(t)}, key=lambda t: (-len(t), t))


def _spelled(terms: list[str]) -> _Matcher:
    hint = "|".join("[^a-z]+".join(_tokens(t)) for t in terms)
    exact = "|".join("  ".join(_tokens(t)) for t in terms)
    return _Matcher(f"(?:^|[^a-z])(?:{hint})(?:$|[^a-z])", f" (?:{exact}) ")


def _korean(terms: list[str]) -> _Matcher:
    nouns = "|".join("  ".join(_tokens(t)) for t in terms if t not in _KOREAN_VERBS)
    verbs = "|".join(t for t in terms if t in _KOREAN_VERBS)
    forms = [f"(?:{nouns}){_PARTICLES}"] if nouns else []
    forms += [f"(?:{verbs}){_NOUN_PARTICLES}"] if verbs else []
    hint = "|".join("[^가-힣]+".join(_tokens(t)) for t in terms)
    return _Matcher(f"(?:^|[^가-힣])(?:{hint})", f" (?:{'|'.join(forms)}) ")


def _japanese(terms: list[str]) -> _Matcher:
    forms = []
    for spaced, term in zip(_spaced(pa.array(terms), "ja").to_pylist(), terms, strict=True):
        left = " " if _BOUNDED_END.match(term[0]) else ""
        right = " " if _BOUNDED_END.match(term[-1]) else ""
        forms.append(f"{left}{spaced.strip()}{right}")
    hint = "|".join("[^ぁ-ヿ一-鿿]*".join(_tokens(t)) for t in terms)
    return _Matcher(hint, "|".join(forms))


def _tokens(term: str) -> list[str]:
    return re.findall(r"[^\W_]+", term)


def _spaced(texts: pa.StringArray, language: str) -> pa.StringArray:
    """Two blanks between words, so that neighbours do not share one, and one at both ends."""
    spaced = pc.replace_substring_regex(texts, f"{_NO_LETTER}+", "  ")
    if language in _OTHER_SCRIPTS:
        spaced = pc.replace_substring_regex(spaced, _SCRIPT_RUNS, r" \1 ")
    return pc.binary_join_element_wise(" ", spaced, " ", "")


def _words(texts: pa.StringArray, language: str) -> NDArray[np.float64]:
    if language in _UNSPACED:
        return np.maximum(1, _count(texts, r"\p{L}") // _LETTERS_PER_WORD)
    return np.maximum(1, _count(texts, r"[\p{L}\p{M}\p{N}]+"))


def _matches(texts: pa.StringArray, pattern: str) -> NDArray[np.bool_]:
    found = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    return found.to_numpy(zero_copy_only=False)


def _count(texts: pa.StringArray, pattern: str) -> NDArray[np.float64]:
    found = pc.count_substring_regex(texts, pattern)
    return found.to_numpy(zero_copy_only=False).astype(np.float64)
