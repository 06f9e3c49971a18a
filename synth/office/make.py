"""One document of a kind, by seed."""

from __future__ import annotations

from records import generator
from renderers.document import Document
from synth.office.forms import form
from synth.office.invoices import invoice
from synth.office.notices import notice
from synth.office.receipts import receipt
from synth.office.reports import report

OFFICE_KINDS = {
    "form": form, "invoice": invoice, "notice": notice, "receipt": receipt, "report": report,
}  # fmt: skip


def office_document(kind: str, lang: str, *, seed: int, key: str) -> Document:
    """A made-up document, the same for the same seed and key.

    `kind` is one of OFFICE_KINDS; `lang` is "ko", or any other for English.
    """
    return OFFICE_KINDS[kind](lang, generator(seed, "office", kind, lang, key))
