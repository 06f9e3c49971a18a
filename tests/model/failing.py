"""A request that kills vLLM: a logits processor that fails where it sees a certain one."""

from __future__ import annotations

from typing import Any

from vllm.v1.sample.logits_processor import BatchUpdate, LogitsProcessor

#: The max_tokens that mark it.
POISON = 66


class Poison(LogitsProcessor):
    def __init__(self, *_: Any):
        pass

    def is_argmax_invariant(self) -> bool:
        return True

    def update_state(self, batch_update: BatchUpdate | None) -> None:
        for _, sampling, *_ in batch_update.added if batch_update else ():
            if sampling.max_tokens == POISON:
                raise RuntimeError("poisoned")

    def apply(self, logits: Any) -> Any:
        return logits
