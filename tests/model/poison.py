"""A plugin of vLLM that makes one token deadly: whoever asks with it kills the engine."""

from __future__ import annotations

import os
import signal

from vllm.v1.sample.logits_processor import LogitsProcessor

#: A token of the tiny model that no other text has, and its id.
POISON, POISON_ID = "<unused40>", 40


class DiesOfPoison(LogitsProcessor):
    """Kills its process when a request with the token comes into the batch."""

    def __init__(self, vllm_config, device, is_pin_memory):
        pass

    def is_argmax_invariant(self):
        return True

    def update_state(self, batch_update):
        for _, _, prompt, _ in batch_update.added if batch_update else ():
            if POISON_ID in (prompt or ()):
                os.kill(os.getpid(), signal.SIGKILL)

    def apply(self, logits):
        return logits
