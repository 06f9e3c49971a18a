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


RULES: tuple[Rule, ...] = ()


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
