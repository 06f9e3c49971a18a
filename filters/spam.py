"""Cues of keyword spam and of texts that a machine put together, in six languages."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from filters.characters import HIRAGANA, LETTER, SEPARATOR
from filters.layout import Layout
from filters.ratios import Measures, ratio
from filters.words import mix, units

#: The words that hold sentences together, the most frequent of each language.
FUNCTION_WORDS = {
    "en": "the of and to a in is that for it as with on be are this by or from at an not you can",
    "de": "der die das und in den von zu mit sie ist ein eine für auf im des dem nicht es als wird"
    " oder werden um auch sich können wenn einen",
    "es": "de la que el en y a los se del las un por con no una para es al lo como o su si puede",
    "vi": "và của là có các cho được trong không với một này để từ khi những bạn về ra vào sẽ đã"
    " trên thì bằng nếu hay hoặc",
}
#: Last syllables of Korean words that are particles or endings.
KOREAN_ENDINGS = "은는이가을를에의로와과도만서고며면다까요게지한할된될하여해"
#: Addresses, prices and telephone numbers: what advertisements repeat.
_CONTACTS = (
    r"(?i)https?://|www\.|[$€£¥₩]\s?[0-9]|[0-9]\s?(?:원|円|€|usd|eur|vnđ|₫)"
    r"|\+?[0-9]{2,4}[ ./)-]{1,2}[0-9]{3,4}[ ./-][0-9]{3,4}"
)
#: What a template or a translation program left: {{name}}, %s, ${name}, {0}, <b>, &nbsp;.
_LEFTOVERS = (
    r"\{\{|\$\{|%\([a-z_]+\)[sd]|%[sd]\b|\{[0-9]\}|\[\[|__[A-Z_]+__"
    r"|</?(?:a|b|i|p|br|div|span|img|li|ul|td|tr|font|strong|em)\b[^<>]{0,200}>|&(?:nbsp|amp|lt|gt|quot|#[0-9]{1,5});"
)


def spam(layout: Layout) -> Measures:
    """Cues of spam.

    - `function_words`: share of the words that hold sentences together; in Korean, of words
      with an ending or particle; in Japanese, of letters that are Hiragana; 1 in languages
      that `FUNCTION_WORDS` lacks;
    - `distinct_words`: different words over the square root of their number, which does not
      hang on length (Guiraud 1954);
    - `separators_per_word`: commas, bars, middle dots;
    - `contacts_per_word`: addresses, prices, telephone numbers;
    - `leftovers_per_word`: placeholders of templates, literal tags.
    """
    runs = layout.runs
    total = layout.total(runs.owner)
    texts = runs.owner.astype(np.uint64)
    different = np.unique(runs.hashes + mix(texts + np.uint64(1)), return_index=True)[1]
    distinct = layout.total(runs.owner[different])
    return {
        "function_words": _function_words(layout, total),
        "distinct_words": ratio(distinct, np.sqrt(total)),
        "separators_per_word": ratio(layout.count(SEPARATOR), layout.n_words),
        "contacts_per_word": ratio(layout.match(_CONTACTS), layout.n_words),
        "leftovers_per_word": ratio(layout.match(_LEFTOVERS), layout.n_words),
    }


def _function_words(layout: Layout, total: NDArray) -> NDArray[np.float64]:
    shares = np.ones(len(layout.starts))
    for code in {*layout.languages} & {*FUNCTION_WORDS, "ko", "ja"}:
        if code == "ja":
            share = ratio(layout.count(HIRAGANA), layout.count(LETTER))
        else:
            found = _with_ending(layout) if code == "ko" else _listed(layout, code)
            share = ratio(layout.total(layout.runs.owner[found]), total)
        rows = layout.languages == code
        shares[rows] = share[rows]
    return shares


def _with_ending(layout: Layout) -> NDArray[np.bool_]:
    """Korean words that have an ending, and more."""
    endings = [ord(c) for c in KOREAN_ENDINGS]
    return np.isin(layout.codes[layout.runs.ends - 1], endings) & (layout.runs.lengths > 1)


def _listed(layout: Layout, code: str) -> NDArray[np.bool_]:
    return np.isin(layout.runs.hashes, _hashes(code))


@cache
def _hashes(code: str) -> NDArray[np.uint64]:
    return units(FUNCTION_WORDS[code].split()).hashes
