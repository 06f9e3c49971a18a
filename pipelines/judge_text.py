"""What the heuristics say of documents."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from filters import (
    RULES,
    Decision,
    Limits,
    Rule,
    RuleError,
    change_rules,
    decide,
    judged,
    measure,
    own_language,
)
from pipelines.config import FilterConfig
from pipelines.errors import UsageError, nearest

#: Decimals of what is kept of a measure.
SCORE_DECIMALS = 4


def rules_of(config: FilterConfig) -> tuple[Rule, ...]:
    """The rules as the configuration wants them. Raises UsageError."""
    reasons = list(dict.fromkeys(rule.reason for rule in RULES))
    for reason in config.rules:
        if reason not in reasons:
            raise UsageError(f"filter.rules.{reason}: no such rule; {nearest(reason, reasons)}")
    try:
        return change_rules(
            {
                reason: None if limits is None else Limits(limits.get("low"), limits.get("high"))
                for reason, limits in config.rules.items()
            }
        )
    except RuleError as error:
        raise UsageError(f"filter.rules: {error}") from error


def judge_documents(
    text: pa.StringArray, languages: pa.StringArray, documents: np.ndarray, rules: Sequence[Rule]
) -> tuple[Decision, list[dict[str, float]]]:
    """What the rules say of the rows at `documents`, and the measures by which they judged.

    Other rows have no reason and no measures.
    """
    rows = pa.array(documents)
    text, known = text.take(rows), languages.take(rows)
    measures = measure(text, known) | {"own_language": own_language(text, known)}
    found = decide(measures, known, rules)
    count = len(languages)
    decision = Decision(
        np.full(count, None, dtype=object), np.full(count, np.nan), np.full(count, np.nan)
    )
    decision.reason[documents] = found.reason
    decision.score[documents], decision.threshold[documents] = found.score, found.threshold
    scores: list[dict[str, float]] = [{} for _ in range(count)]
    names = {code: judged(code, rules) for code in set(known.to_pylist())}
    rounded = {name: np.round(values, SCORE_DECIMALS).tolist() for name, values in measures.items()}
    for place, (row, code) in enumerate(zip(documents, known.to_pylist(), strict=True)):
        scores[row] = {name: rounded[name][place] for name in names[code]}
    return decision, scores
