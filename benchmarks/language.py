"""How often the language of a real page is found, in six languages.

    python benchmarks/language.py [--json]

Pages of 50 words and more, of `real_pages`, each with the language that its
package claims. Packages lie: a page leaves the count only where more than half
of its letters stand, paragraph by paragraph, word for word in the English
edition's page of the same name. What is left wrong is listed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

# Run as a program, it finds the checkout's other folders.
sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.real_pages import LANGUAGES, real_pages
from filters import gopher, identify, measure

MIN_WORDS = 50
#: A page with a larger share of English paragraphs is not in the language it claims.
MAX_UNTRANSLATED = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    result = language_accuracy()
    if parser.parse_args().json:
        print(json.dumps(result))


def language_accuracy() -> dict[str, float]:
    """`langid_accuracy`, over all pages, and `langid_accuracy_worst`, the lowest of a language."""
    pages = real_pages()
    texts = pa.array([page.text for page in pages])
    claimed = np.array([page.claimed for page in pages])
    long = measure(texts, pa.array(claimed), [gopher])["words"] >= MIN_WORDS
    lies = np.array([page.untranslated for page in pages]) > MAX_UNTRANSLATED
    found, confidence = identify(texts)
    right = np.array(found.to_pylist(), dtype=object) == claimed
    counted = long & ~lies
    print("Language of pages of 50 words and more")
    print(f"  {'':6}{'pages':>8}{'right':>8}{'accuracy':>10}{'left out: not translated':>28}")
    shares = {}
    for code in LANGUAGES:
        rows = counted & (claimed == code)
        shares[code] = float(right[rows].mean())
        untranslated = np.sum(long & lies & (claimed == code))
        print(f"  {code:6}{rows.sum():8}{right[rows].sum():8}{shares[code]:10.4f}{untranslated:28}")
    accuracy = float(right[counted].mean())
    print(f"  {'all':6}{counted.sum():8}{right[counted].sum():8}{accuracy:10.4f}")
    for row in np.flatnonzero(counted & ~right):
        page = pages[row]
        print(
            f"  wrong: {page.package} {page.name} claims {page.claimed}, found {found[row]} "
            f"({confidence[row]:.2f}); {page.untranslated:.0%} of it is proven English"
        )
    return {
        "langid_accuracy": round(accuracy, 5),
        "langid_accuracy_worst": round(min(shares.values()), 5),
    }


if __name__ == "__main__":
    main()
