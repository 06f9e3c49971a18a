"""Errors that end a command with a sentence instead of a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


class UsageError(Exception):
    """The command or its configuration is wrong: exit code 2."""


class StageError(Exception):
    """A stage failed: exit code 1. The text says what to do."""


def nearest(word: object, known: Sequence[str]) -> str:
    """What a wrong name may have meant: the nearest right one, or all there are."""
    near = difflib.get_close_matches(str(word), known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known) or 'none'}"
