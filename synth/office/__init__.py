"""Documents that offices print, made up whole: their sums are right, their people invented."""

from synth.office.forms import form
from synth.office.invoices import invoice
from synth.office.make import OFFICE_KINDS, office_document
from synth.office.money import Line, Sums, dollars, sums, won
from synth.office.notices import notice
from synth.office.receipts import receipt
from synth.office.reports import report

__all__ = [
    "OFFICE_KINDS",
    "Line",
    "Sums",
    "dollars",
    "form",
    "invoice",
    "notice",
    "office_document",
    "receipt",
    "report",
    "sums",
    "won",
]
