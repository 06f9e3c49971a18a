"""What the heuristics measure on real pages of six languages: where their limits come from.

    python benchmarks/thresholds.py

Prints for each measure and language the 1st, 50th and 99th percentile, and for
each reason the share of pages that leave for it alone. Pages: `real_pages`,
of 50 words and more, in the language that they claim. docs/thresholds.md tells
what was made of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

# Run as a program, it finds the checkout's other folders.
sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.real_pages import LANGUAGES, Page, real_pages
from filters import RULES, Measures, decide, identify, measure, own_language

MIN_WORDS = 50
#: A page with more of its letters in English paragraphs is no page of its language.
MAX_UNTRANSLATED = 0.1
PERCENTILES = (1, 50, 99)


def main() -> None:
    pages, measures = measured()
    languages = np.array([page.claimed for page in pages])
    print("pages  " + "  ".join(f"{code} {np.sum(languages == code)}" for code in LANGUAGES))
    print(f"\n{'measure':30}" + "".join(f"{code:>24}" for code in LANGUAGES))
    for name, values in measures.items():
        cells = [np.percentile(values[languages == code], PERCENTILES) for code in LANGUAGES]
        print(f"{name:30}" + "".join("".join(f"{v:8.3g}" for v in cell) for cell in cells))
    print("\nShare of pages that a reason alone drops, in percent")
    for reason in dict.fromkeys(rule.reason for rule in RULES):
        rules = [rule for rule in RULES if rule.reason == reason]
        dropped = decide(measures, pa.array(languages), rules).reason != None  # noqa: E711
        shares = [100 * dropped[languages == code].mean() for code in LANGUAGES]
        print(f"{reason:30}" + "".join(f"{share:24.2f}" for share in shares))
    dropped = decide(measures, pa.array(languages)).reason != None  # noqa: E711
    shares = [100 * dropped[languages == code].mean() for code in LANGUAGES]
    print(f"{'any':30}" + "".join(f"{share:24.2f}" for share in shares))


def measured() -> tuple[list[Page], Measures]:
    """Pages that are in the language they claim, and what is measured of them."""
    pages = [page for page in real_pages() if page.untranslated <= MAX_UNTRANSLATED]
    texts = pa.array([page.text for page in pages])
    claimed = pa.array([page.claimed for page in pages])
    measures = measure(texts, claimed) | {"own_language": own_language(texts, claimed)}
    found = identify(texts)[0].to_numpy(zero_copy_only=False)
    good = (found == claimed.to_numpy(zero_copy_only=False)) & (measures["words"] >= MIN_WORDS)
    rows = np.flatnonzero(good)
    return [pages[row] for row in rows], {k: v[rows] for k, v in measures.items()}


if __name__ == "__main__":
    main()
