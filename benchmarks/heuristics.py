"""Gopher's filters, ours and datatrove's, on the same documents in one run.

    python benchmarks/heuristics.py [--json]

Documents: pieces of this machine's /usr/share/doc, and pages that `vlmforge
samples` fetched. datatrove's English words are spaCy's, in which every sign is
a word of its own; the rule that 80% of the words have a letter then drops most
technical text. So three things are compared, each decision with its own:

- both with words between blanks: the same rules on the same words;
- both with spaCy's words: the same again, with datatrove as it comes;
- ours with words between blanks, datatrove as it comes: what a user sees who
  changes from one to the other.

Speed: documents a CPU second, measuring and deciding, ours over the faster of
datatrove's two.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

# Run as a program, it finds the checkout's other folders.
sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.machine_documents import pieces, sample_pages
from benchmarks.peer_environments import peer_python
from filters import RULES, Decision, Measures, decide, gopher, layouts, measure, repetition

PIECES, PAGES, ROUNDS = 3000, 500, 3
#: Differences that are listed one by one; more than that come from other words.
MAX_LISTED = 50
PEER = Path(__file__).parent / "peers" / "datatrove_filters.py"
REQUIREMENTS = ("datatrove[io,processing]==0.10.1", "spacy")
_BLANK_LINES = "lines of blanks alone are lines of datatrove's, and none of ours"
_SIGNS = "words of signs alone, such as ├──, are words of datatrove's, and none of ours"
_CASE = "ours does not tell upper case from lower"
#: Why the same words are judged otherwise, by our reason, else by theirs.
CAUSES = {
    "bullet_lines": "ours also counts the bullet *, and no blank lines as lines",
    "gopher_too_many_bullets": "datatrove also counts lines that begin with an option, such as -v",
    "gopher_enough_stop_words": "datatrove finds stop words only in lower case, without a comma",
    "too_few_words": _SIGNS,
    "short_words": _SIGNS,
    "long_words": _SIGNS,
    "gopher_short_doc": _SIGNS,
    "gopher_below_avg_threshold": _SIGNS,
    "gopher_above_avg_threshold": _SIGNS,
    "ellipsis_lines": _BLANK_LINES,
    "gopher_too_many_end_ellipsis": _BLANK_LINES,
    "dup_line_frac": _BLANK_LINES,
    "dup_line_char_frac": _BLANK_LINES,
    "repeated_lines": "ours compares lines without indentation and case",
    "repeated_paragraphs": _CASE,
    "one_phrase": _CASE,
    "repeated_phrases": _CASE,
    **{
        f"top_{n}_gram": f"{n} very long words, there once: no repetition to ours"
        for n in (2, 3, 4)
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    result = heuristics()
    if parser.parse_args().json:
        print(json.dumps(result))


def heuristics() -> dict[str, float]:
    """`filters_vs_datatrove` and `filters_agreement` (the lower of both same-word runs), and
    `filters_agreement_as_it_comes`."""
    texts = pieces(PIECES) + sample_pages(PAGES)
    peer = _peer(texts)
    seconds, mine = _ours(texts)
    spacy = decide(*_on_words(texts, peer["spacy"]["words"]), _rules())
    print(f"Gopher's quality and repetition filters, {len(texts)} documents")
    for name, used in (
        ("vlmforge", seconds),
        ("datatrove, words between blanks", peer["blanks"]["seconds"]),
        ("datatrove as it comes (spaCy)", peer["spacy"]["seconds"]),
    ):
        print(f"  {name:34} {len(texts) / used:8.0f} documents a CPU second")
    agreements = {
        "both with words between blanks": (mine, peer["blanks"]["reasons"]),
        "both with spaCy's words": (spacy, peer["spacy"]["reasons"]),
        "ours between blanks, datatrove as it comes": (mine, peer["spacy"]["reasons"]),
    }
    same = [_compare(name, texts, *pair) for name, pair in agreements.items()]
    print("  (spaCy makes words of signs, of which none has a letter)")
    fastest = min(peer[words]["seconds"] for words in ("blanks", "spacy"))
    return {
        "filters_vs_datatrove": round(fastest / seconds, 3),
        "filters_agreement": round(min(same[:2]), 5),
        "filters_agreement_as_it_comes": round(same[2], 5),
    }


def _rules() -> list[Any]:
    """Ours that are datatrove's."""
    names = set(measure(pa.array([""]), pa.array(["en"]), [gopher, repetition]))
    return [rule for rule in RULES if rule.measure in names]


def _peer(texts: Sequence[str]) -> dict[str, Any]:
    python = peer_python("datatrove", *REQUIREMENTS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "documents.jsonl"
        path.write_text("\n".join(map(json.dumps, texts)), "utf-8")
        command = [python, PEER, path, str(ROUNDS)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def _ours(texts: Sequence[str]) -> tuple[float, Decision]:
    """CPU seconds of the fastest round, and the decisions."""
    batch, languages = pa.array(texts), pa.array(["en"] * len(texts))
    rules, seconds = _rules(), []
    measure(batch[:1], languages[:1])  # tables of Unicode are made once
    for _ in range(ROUNDS):
        started = time.process_time()
        decision = decide(measure(batch, languages, [gopher, repetition]), languages, rules)
        seconds.append(time.process_time() - started)
    return min(seconds), decision


def _on_words(
    texts: Sequence[str], words: Sequence[Sequence[str]]
) -> tuple[Measures, pa.StringArray]:
    """What we measure where a tokenizer says what the words are."""
    languages = pa.array(["en"] * len(texts))
    parts: list[Measures] = []
    for row, text in enumerate(texts):
        language = languages.slice(row, 1)
        (layout,) = layouts(pa.array([text]), language)
        # A blank inside a word would part it.
        joined = " ".join("".join(word.split()) for word in words[row])
        (tokens,) = layouts(pa.array([joined]), language)
        layout = replace(layout, words=tokens.words)
        parts.append(gopher(layout) | repetition(layout))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, languages


def _compare(
    name: str, texts: Sequence[str], mine: Decision, theirs: Sequence[str | None]
) -> float:
    """The share of documents of which both say the same; the differences, where they are few."""
    differ = [i for i, reason in enumerate(theirs) if (mine.reason[i] is None) != (reason is None)]
    same = 1 - len(differ) / len(texts)
    print(f"Decisions, {name}: equal on {same:.2%}")
    print(f"  dropped: ours {sum(r is not None for r in mine.reason)}, "
          f"theirs {sum(r is not None for r in theirs)}")  # fmt: skip
    pairs = Counter((mine.reason[i], theirs[i]) for i in differ)
    for (ours, other), count in pairs.most_common():
        cause = CAUSES.get(ours or "") or CAUSES.get(other or "", "not explained")
        if len(differ) > MAX_LISTED:
            cause = "other words"
        print(f"  {count:5}  ours {ours or 'keeps'}, theirs {other or 'keeps'}: {cause}")
    for i in differ if len(differ) <= MAX_LISTED else []:
        print(f"    {i}: {mine.reason[i]} {mine.score[i]:.4g}, {theirs[i]}: {texts[i][:60]!r}")
    return same


if __name__ == "__main__":
    main()
