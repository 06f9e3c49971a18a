"""Which measured values are good, by language, and what breaks which rule.

Measuring (`filters.measures`) and deciding are apart, so that a limit can change
without measuring again. How each limit was found is in docs/thresholds.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.ratios import Measures


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


#: Languages whose writing needs joiners of no width.
_JOINING = ("ar", "bn", "ckb", "fa", "gu", "hi", "kn", "ml", "mr", "my", "ne", "pa", "si", "ta",
            "te", "th", "km", "lo", "ur")  # fmt: skip
#: Those that need signs of direction.
_RIGHT_TO_LEFT = ("ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi")
_WITH_SIGNS = (*_JOINING, *_RIGHT_TO_LEFT)

#: Encodings, and characters that hide or disguise.
DAMAGE: tuple[Rule, ...] = (
    Rule("replacement_characters", "replacement_characters", high=0.002),
    Rule("control_characters", "control_characters", high=0.002),
    Rule("unassigned_characters", "unassigned_characters", high=0.005),
    Rule("misread_encoding", "misread_as_latin", high=0.005),
    Rule("misread_encoding", "misread_as_korean", high=0.05),
    Rule("misread_encoding", "misread_as_japanese", high=0.05),
    Rule(
        "invisible_characters", "no_width_characters", high=0.01, never=(*_JOINING, *_RIGHT_TO_LEFT)
    ),
    Rule("turned_direction", "bidi_controls_per_word", high=0.02, never=_RIGHT_TO_LEFT),
    Rule("disguised_words", "mixed_script_words", high=0.05, never=("el",)),
)
#: What damage makes of a text is not its fault: these reasons come before all others.
DAMAGE_REASONS = frozenset(rule.reason for rule in DAMAGE)

#: A row tells the first rule that it breaks.
RULES: tuple[Rule, ...] = (
    *DAMAGE,
    # A text of two languages breaks rules that are for one.
    Rule("mixed_languages", "own_language", low=0.5),
    # Gopher.
    Rule("too_few_words", "words", low=50),
    Rule("too_many_words", "words", high=100_000),
    Rule("short_words", "mean_word_length", low=3, never=("ko", "vi", "ja", "zh")),
    Rule("short_words", "mean_word_length", low=1.9, only=("ko",)),
    Rule("short_words", "mean_word_length", low=2.3, only=("vi",)),
    Rule("long_words", "mean_word_length", high=10, never=("de", "ko", "vi", "ja", "zh")),
    Rule("long_words", "mean_word_length", high=12, only=("de",)),
    Rule("long_words", "mean_word_length", high=7, only=("ko", "vi", "ja", "zh")),
    Rule("symbols", "hashes_per_word", high=0.1),
    Rule("symbols", "ellipses_per_word", high=0.1),
    Rule("bullet_lines", "bullet_lines", high=0.9),
    Rule("ellipsis_lines", "ellipsis_lines", high=0.3),
    Rule("few_letters", "words_with_letters", low=0.8),
    Rule("no_stop_words", "english_stop_words", low=2, only=("en",)),
    # Gopher's repetition.
    Rule("repeated_paragraphs", "repeated_paragraphs", high=0.3),
    Rule("repeated_paragraphs", "repeated_paragraph_characters", high=0.2),
    Rule("repeated_lines", "repeated_lines", high=0.3),
    Rule("repeated_lines", "repeated_line_characters", high=0.2),
    Rule("one_phrase", "top_2_gram", high=0.2),
    Rule("one_phrase", "top_3_gram", high=0.18),
    Rule("one_phrase", "top_4_gram", high=0.16),
    Rule("repeated_phrases", "repeated_5_grams", high=0.15),
    Rule("repeated_phrases", "repeated_6_grams", high=0.14),
    Rule("repeated_phrases", "repeated_7_grams", high=0.13),
    Rule("repeated_phrases", "repeated_8_grams", high=0.12),
    Rule("repeated_phrases", "repeated_9_grams", high=0.11),
    Rule("repeated_phrases", "repeated_10_grams", high=0.10),
    # C4 and FineWeb.
    Rule("lorem_ipsum", "lorem_ipsum", high=1),
    Rule("braces", "braces_per_word", high=0.1),
    Rule("javascript_lines", "javascript_per_line", high=0.5),
    Rule("policy_lines", "policy_per_line", high=0.2),
    Rule("few_sentences", "sentences", low=3),
    Rule("lines_without_end", "lines_that_end", low=0.12),
    Rule("short_lines", "short_lines", high=0.67),
    Rule("list", "lines_per_word", high=0.3),
    # Spam, and what machines put together.
    Rule("few_function_words", "function_words", low=0.06, only=("en",)),
    Rule("few_function_words", "function_words", low=0.11, only=("ko",)),
    Rule("few_function_words", "function_words", low=0.07, only=("ja", "de")),
    Rule("few_function_words", "function_words", low=0.08, only=("es",)),
    Rule("few_function_words", "function_words", low=0.04, only=("vi",)),
    Rule("few_distinct_words", "distinct_words", low=2.5, never=("ja", "zh")),
    Rule("few_distinct_words", "distinct_words", low=2, only=("ja", "zh")),
    Rule("keyword_list", "separators_per_word", high=0.25),
    Rule("contacts", "contacts_per_word", high=0.1),
    Rule("leftovers", "leftovers_per_word", high=0.05),
)


@dataclass(frozen=True)
class Limits:
    """Other limits for the rules of a reason; None leaves a limit as it is."""

    low: float | None = None
    high: float | None = None


class RuleError(ValueError):
    """A reason or a limit that no rule has."""


def change_rules(
    changes: Mapping[str, Limits | None], rules: Sequence[Rule] = RULES
) -> tuple[Rule, ...]:
    """The rules with other limits, by reason, in all languages; None takes a reason's rules out.

    Raises RuleError for a reason that no rule has, and a limit that none of its rules has.
    """
    for reason, limits in changes.items():
        theirs = [rule for rule in rules if rule.reason == reason]
        if not theirs:
            raise RuleError(f"no rule has the reason {reason!r}")
        for side, infinite in (("low", -np.inf), ("high", np.inf)):
            given = limits and getattr(limits, side) is not None
            if given and all(getattr(rule, side) == infinite for rule in theirs):
                raise RuleError(f"{reason} has no limit {side!r}")
    return tuple(
        _limited(rule, changes.get(rule.reason) or Limits())
        for rule in rules
        if changes.get(rule.reason, Limits()) is not None
    )


def _limited(rule: Rule, limits: Limits) -> Rule:
    low = rule.low if limits.low is None or rule.low == -np.inf else limits.low
    high = rule.high if limits.high is None or rule.high == np.inf else limits.high
    return replace(rule, low=low, high=high)


def judged(language: str | None, rules: Sequence[Rule] = RULES) -> tuple[str, ...]:
    """The measures by which texts of a language are judged."""
    code = np.array([language], dtype=object)
    return tuple(dict.fromkeys(rule.measure for rule in rules if rule.applies(code)[0]))


@dataclass(frozen=True)
class Decision:
    """For each row: the reason it leaves (None: it stays), the value, the limit it broke."""

    reason: NDArray
    score: NDArray[np.float64]
    threshold: NDArray[np.float64]


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
