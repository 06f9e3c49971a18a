"""What can go wrong with a picture."""

from __future__ import annotations


class Refused(Exception):
    """This content cannot be drawn truly; `reason` is a name that is counted."""

    def __init__(self, reason: str, detail: str = ""):
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail = reason, detail


class RenderError(Exception):
    """This picture could not be made; the next one can."""


class BrowserMissing(RuntimeError):
    """No Chromium is installed."""


class FontsMissing(RuntimeError):
    """A font that the pictures need is not installed."""


class KatexMissing(RuntimeError):
    """KaTeX is not installed."""
