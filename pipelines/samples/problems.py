"""Writes text problems with checked answers as JSON lines: reasoning-gym, in English and Korean.

Run as a program where `reasoning_gym` can be imported; the rest of vlmforge is
not needed. A problem is written only if the task's own verifier gives its
answer full marks. Korean texts are ours, around the task's own numbers.

Tasks whose problems can be untrue are left out: simple_geometry (asks for
angles over 180° of convex polygons), gsm_symbolic (fractions of people),
power_function (its answers are not rounded as it asks).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

#: Problems a task.
COUNT = 8
SEED = 20260

ENGLISH = (
    "gcd",
    "lcm",
    "simple_equations",
    "products",
    "chain_sum",
    "count_primes",
    "base_conversion",
    "leg_counting",
    "calendar_arithmetic",
    "time_intervals",
    "decimal_arithmetic",
    "letter_counting",
    "family_relationships",
    "syllogism",
)

#: For each task, the Korean problem from the task's metadata.
KOREAN: dict[str, Callable[[dict[str, Any]], str]] = {
    "gcd": lambda m: f"다음 수들의 최대공약수를 구하시오.\n\n{_listed(m['numbers'])}",
    "lcm": lambda m: f"다음 수들의 최소공배수를 구하시오.\n\n{_listed(m['numbers'])}",
    "simple_equations": lambda m: (
        f"다음 등식을 만족하는 {m['variable']}의 값을 구하시오.\n\n{m['equation'].replace('*', '')}"
    ),
    "prime_factorization": lambda m: (
        "다음 수를 소인수분해하시오. 소인수는 작은 것부터 × 기호로 이어 쓰시오. "
        f"(예: 12 = 2 × 2 × 3)\n\n{m['number']}"
    ),
    "count_primes": lambda m: (
        f"{m['start']} 이상 {m['end']} 이하의 자연수 중에서 소수는 모두 몇 개인지 구하시오."
    ),
    "products": lambda m: f"다음을 계산하시오.\n\n{m['expression'].replace('*', '×')}",
    "chain_sum": lambda m: f"다음을 계산하시오.\n\n{m['expression']}",
    "base_conversion": lambda m: (
        f"다음은 {m['source_base']}진법으로 나타낸 수이다. "
        f"이 수를 {m['target_base']}진법으로 나타내시오. "
        f"9보다 큰 숫자는 영어 소문자 a, b, c, …로 쓴다.\n\n{m['source_repr']}"
    ),
}


def problems() -> Iterator[dict[str, str]]:
    """Rows with id, problem, answer, lang."""
    for lang, tasks in (("ko", tuple(KOREAN)), ("en", ENGLISH)):
        for task in tasks:
            # Other numbers for each language, so that no problem is a translation of another.
            data = _dataset(task, SEED + (lang == "ko"))
            for index, entry in enumerate(data):
                answer = entry["answer"]
                if not isinstance(answer, str) or data.score_answer(answer, entry) != 1.0:
                    continue
                text = KOREAN[task](entry["metadata"]) if lang == "ko" else entry["question"]
                yield {
                    "id": f"{task}-{lang}-{index}",
                    "problem": text.strip(),
                    "answer": answer,
                    "lang": lang,
                }


def _dataset(task: str, seed: int) -> Any:
    import reasoning_gym

    return reasoning_gym.create_dataset(task, size=COUNT, seed=seed)


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


if __name__ == "__main__":
    for problem in problems():
        sys.stdout.write(json.dumps(problem, ensure_ascii=False) + "\n")
