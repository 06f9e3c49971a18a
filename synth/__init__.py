"""Makers of new samples. Pure: they neither call a model nor start a browser themselves."""

from synth.recaption import (
    Limits,
    Scene,
    Verdict,
    caption_language,
    caption_request,
    copied_share,
    read_caption,
)
from synth.sheets import sheet_sample

__all__ = [
    "Limits",
    "Scene",
    "Verdict",
    "caption_language",
    "caption_request",
    "copied_share",
    "read_caption",
    "sheet_sample",
]
