"""Measures of C4 (Raffel et al. 2020, section 2.2, and its code), of a document as a whole.

C4 removes lines and then counts what is left; here each of its reasons is a
measure, and lines stay. Phrases are looked for in the six languages.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from filters.characters import ALPHANUMERIC, BLANK, CLOSING, TERMINAL, WIDE_SIGN
from filters.layout import Layout
from filters.ratios import Measures, ratio

#: C4's phrases of cookie banners and terms, and the same in ko, ja, de, es, vi.
_POLICY = (
    r"(?i)terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies"
    r"|개인정보 ?처리 ?방침|이용 ?약관|쿠키를 사용"
    r"|プライバシーポリシー|利用規約|cookie ?を(使用|利用)|クッキーを(使用|利用)"
    r"|datenschutzerklärung|nutzungsbedingungen|verwende[nt] cookies"
    r"|política de (privacidad|cookies)|términos de uso|uso de cookies|utiliza cookies"
    r"|chính sách (bảo mật|quyền riêng tư)|điều khoản sử dụng|sử dụng cookie"
)
_BRACE = ord("{")


def c4(layout: Layout) -> Measures:
    """C4's measures.

    - `lines_that_end`: share of lines that end as a sentence does, in any script; quotes and
      brackets may follow;
    - `sentences`: how many ends of sentences there are;
    - `lorem_ipsum`: how often it says so;
    - `braces_per_word`: opening curly brackets;
    - `javascript_per_line`, `policy_per_line`: mentions.
    """
    lines = layout.lines
    n_lines = layout.total(lines.owner)
    return {
        "lines_that_end": ratio(layout.total(lines.owner[_ended(layout)]), n_lines),
        "sentences": layout.sum_where(_sentence_ends(layout)).astype(np.float64),
        "lorem_ipsum": layout.match(r"(?i)lorem ipsum").astype(np.float64),
        "braces_per_word": ratio(layout.sum_where(layout.codes == _BRACE), layout.n_words),
        "javascript_per_line": ratio(layout.match(r"(?i)javascript"), n_lines),
        "policy_per_line": ratio(layout.match(_POLICY), n_lines),
    }


def _ended(layout: Layout) -> NDArray[np.bool_]:
    """Lines whose last sign ends a sentence, up to two closing signs after it apart."""
    ended = np.zeros(len(layout.lines.owner), bool)
    closed = np.ones(len(ended), bool)
    for back in (1, 2, 3):
        flags = layout.flags[np.maximum(layout.lines.ends - back, layout.lines.starts)]
        ended |= closed & ((flags & TERMINAL) != 0)
        closed &= (flags & CLOSING) != 0
    return ended


def _sentence_ends(layout: Layout) -> NDArray[np.bool_]:
    """Ends of sentences: behind a letter or so, and before a blank; a wide sign needs none."""
    flags = layout.flags
    after = np.append(flags[1:], np.uint32(BLANK))
    before = np.concatenate([[np.uint32(BLANK)], flags[:-1]])
    free = ((after & (BLANK | CLOSING)) != 0) | ((flags & WIDE_SIGN) != 0)
    return ((flags & TERMINAL) != 0) & free & ((before & (ALPHANUMERIC | CLOSING)) != 0)
