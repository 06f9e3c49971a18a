"""Errors that end a command with a sentence instead of a traceback."""


class UsageError(Exception):
    """The command or its configuration is wrong: exit code 2."""


class StageError(Exception):
    """A stage failed: exit code 1. The text says what to do."""
