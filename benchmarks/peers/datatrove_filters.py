"""datatrove's Gopher filters over JSON lines; runs in datatrove's own environment.

    python datatrove_filters.py DOCUMENTS ROUNDS

For its English tokenizer (spaCy) and for words between blanks: CPU seconds of
the fastest round, and the reason that each document leaves for, or null. With
spaCy also its words, so that other rules can be tried on the same ones. One
JSON object on standard output.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.utils import text as datatrove_text
from datatrove.utils import word_tokenizers

LANGUAGE = "en"


class BlankTokenizer(word_tokenizers.WordTokenizer):
    """Words as Python's `split` finds them."""

    def word_tokenize(self, text: str) -> list[str]:
        return text.split()

    def sent_tokenize(self, text: str) -> list[str]:
        return [text]

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))]


def run(texts: list[str], rounds: int) -> dict:
    filters = [GopherQualityFilter(language=LANGUAGE), GopherRepetitionFilter(language=LANGUAGE)]
    seconds, reasons = [], []
    datatrove_text.split_into_words("the tokenizer is made once", LANGUAGE)
    for _ in range(rounds):
        documents = [Document(text=text, id=str(i)) for i, text in enumerate(texts)]
        datatrove_text.split_into_parts.cache_clear()
        started = time.process_time()
        reasons = [_reason(filters, document) for document in documents]
        seconds.append(time.process_time() - started)
    return {"seconds": min(seconds), "reasons": reasons}


def _reason(filters: list, document: Document) -> str | None:
    for rule in filters:
        found = rule.filter(document)
        if found is not True:
            return found[1]
    return None


def main() -> None:
    lines = Path(sys.argv[1]).read_text("utf-8").split("\n")
    texts = [json.loads(line) for line in lines if line]
    rounds = int(sys.argv[2])
    spacy = run(texts, rounds)
    spacy["words"] = [datatrove_text.split_into_words(text, LANGUAGE) for text in texts]
    word_tokenizers.load_word_tokenizer.cache_clear()
    word_tokenizers.load_word_tokenizer = lambda language: BlankTokenizer()
    blanks = run(texts, rounds)
    print(json.dumps({"spacy": spacy, "blanks": blanks}))


if __name__ == "__main__":
    main()
