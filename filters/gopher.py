"""Document heuristics after Gopher (Rae et al. 2021, appendix A.1.1), by writing system.

`measure` computes what can be said of each text; `RULES` says which values are
good. They are apart so that a limit can change without measuring again.

The paper's limits are for English. Where another language needs its own, it is
because the measure means something else there:

- Korean words (eojeol) carry their particles but are written in syllable
  blocks: the mean in running text is about 3 characters, in English about 5.
- Japanese and Chinese are written without spaces, so a "word" is taken to be
  two letters, and the mean word length says nothing.
- Vietnamese puts a space after every syllable: the mean is about 3.
- German compounds push the mean up.
- The stop-word rule is English only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

#: Languages written without spaces between words.
UNSPACED = ("ja", "zh")
#: Letters that count as one word there; BCCWJ's short units have a mean of 1.9.
LETTERS_PER_WORD = 2
#: Gopher's eight; at least two of them are in any English document.
ENGLISH_STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")

Measures = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Rule:
    """Keep a document whose `measure` lies in low..high; else `reason`."""

    reason: str
    measure: str
    low: float = -np.inf
    high: float = np.inf
    #: The languages it is for; empty for all.
    only: tuple[str, ...] = ()
    #: The languages it is not for.
    never: tuple[str, ...] = ()

    def applies(self, languages: NDArray) -> NDArray[np.bool_]:
        """Which rows the rule judges."""
        chosen = np.isin(languages, self.only) if self.only else np.ones(len(languages), bool)
        return chosen & ~np.isin(languages, self.never)


RULES: tuple[Rule, ...] = (
    Rule("too_few_words", "words", low=50),
    Rule("too_many_words", "words", high=100_000),
    Rule("short_words", "mean_word_length", low=3, never=("ko", "vi", *UNSPACED)),
    Rule("short_words", "mean_word_length", low=1.5, only=("ko",)),
    Rule("short_words", "mean_word_length", low=2, only=("vi",)),
    Rule("long_words", "mean_word_length", high=10, never=("de", *UNSPACED)),
    Rule("long_words", "mean_word_length", high=12, only=("de",)),
    Rule("symbols", "symbols_per_word", high=0.1),
    Rule("bullet_lines", "bullet_lines", high=0.9),
    Rule("ellipsis_lines", "ellipsis_lines", high=0.3),
    Rule("few_letters", "words_with_letters", low=0.8, never=UNSPACED),
    Rule("no_stop_words", "english_stop_words", low=2, only=("en",)),
    Rule("repeated_lines", "repeated_lines", high=0.3),
)


@dataclass(frozen=True)
class Decision:
    """For each row: the reason it leaves (None: it stays), the value, the limit it broke."""

    reason: NDArray
    score: NDArray[np.float64]
    threshold: NDArray[np.float64]


def measure(texts: pa.StringArray, languages: pa.StringArray) -> Measures:
    """Each measure of each text, as arrays of the length of `texts`.

    Give it prose: code and tables are not what the limits are for. A text without
    words measures 0.
    """
    count = len(texts)
    words, owner = _split(pc.utf8_split_whitespace(texts))
    lengths = pc.utf8_length(words).to_numpy(zero_copy_only=False)
    spaced_words = np.bincount(owner, minlength=count)
    characters = np.bincount(owner, weights=lengths, minlength=count)
    letters = _count(texts, r"\p{L}")
    unspaced = np.isin(languages.to_numpy(zero_copy_only=False), UNSPACED)
    n_words = np.where(unspaced, letters // LETTERS_PER_WORD, spaced_words).astype(np.float64)
    with_letters = pc.match_substring_regex(words, r"\p{L}")
    bare = pc.utf8_trim(pc.utf8_lower(words), characters=".,;:!?\"'()[]")
    stop_words = pc.is_in(bare, value_set=pa.array(ENGLISH_STOP_WORDS))
    lines, line_owner = _split(pc.split_pattern(texts, "\n"))
    n_lines = np.bincount(line_owner, minlength=count)
    return {
        "words": n_words,
        "mean_word_length": _ratio(characters, spaced_words),
        "symbols_per_word": _ratio(_count(texts, r"#{2,}|…|\.\.\."), n_words),
        "words_with_letters": _ratio(_where(with_letters, owner, count), spaced_words),
        "english_stop_words": _where(stop_words, owner, count),
        "bullet_lines": _ratio(_lines(lines, r"^\s*[-*•‣▪·]\s", line_owner, count), n_lines),
        "ellipsis_lines": _ratio(_lines(lines, r"(…|\.\.\.)\s*$", line_owner, count), n_lines),
        "repeated_lines": _repeated(lines, line_owner, n_lines),
    }


def decide(
    measures: Measures, languages: pa.StringArray, rules: Sequence[Rule] = RULES
) -> Decision:
    """The first rule that each row breaks."""
    codes = languages.to_numpy(zero_copy_only=False)
    reason = np.full(len(codes), None, dtype=object)
    score, threshold = np.full(len(codes), np.nan), np.full(len(codes), np.nan)
    undecided = np.ones(len(codes), dtype=bool)
    for rule in rules:
        values = measures[rule.measure]
        broken = rule.applies(codes) & ((values < rule.low) | (values > rule.high))
        new = broken & undecided
        undecided &= ~broken
        reason[new], score[new] = rule.reason, values[new]
        threshold[new] = np.where(values[new] < rule.low, rule.low, rule.high)
    return Decision(reason, score, threshold)


def _split(lists: pa.ListArray) -> tuple[pa.StringArray, NDArray[np.int64]]:
    """The non-empty strings of all lists, and which list each is from."""
    flat, owner = lists.flatten(), pc.list_parent_indices(lists)
    full = pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(flat)), 0)
    return flat.filter(full), owner.filter(full).to_numpy(zero_copy_only=False)


def _count(texts: pa.StringArray, pattern: str) -> NDArray[np.float64]:
    found = pc.count_substring_regex(texts, pattern)
    return found.to_numpy(zero_copy_only=False).astype(np.float64)


def _where(mask: pa.BooleanArray, owner: NDArray, count: int) -> NDArray[np.float64]:
    found = np.bincount(owner, weights=mask.to_numpy(zero_copy_only=False), minlength=count)
    return found.astype(np.float64)


def _lines(lines: pa.StringArray, pattern: str, owner: NDArray, count: int) -> NDArray[np.float64]:
    return _where(pc.match_substring_regex(lines, pattern), owner, count)


def _repeated(lines: pa.StringArray, owner: NDArray, n_lines: NDArray) -> NDArray[np.float64]:
    """The share of lines that stand in the same text before (Gopher's duplicate lines)."""
    pairs = pa.table({"owner": owner, "line": pc.utf8_trim_whitespace(lines)})
    distinct = pairs.group_by(["owner", "line"]).aggregate([])["owner"].to_numpy()
    return _ratio(n_lines - np.bincount(distinct, minlength=len(n_lines)), n_lines)


def _ratio(over: NDArray, under: NDArray) -> NDArray[np.float64]:
    return np.divide(over, under, out=np.zeros(len(under)), where=np.asarray(under) > 0)
