"""GPU-hours on paper: what EXAONE 4.5 33B's published speed comes to for other requests.

Published (TensorRT-LLM, BF16, H200; 1,000 tokens and one picture of 512 x 512 in, 1,000 tokens
out): output tokens a second at three numbers of requests in flight.

Assumptions, in plain words:

- A server spends time on two things. Prompts cost arithmetic: twice the weights a token, for
  visual tokens the encoder's too. Answers cost reading: every step reads all weights once, and
  for each request in flight the cache of the tokens before it, sliding layers their window.
- Two speeds, of arithmetic and of reading, are fitted to the three points. The fit gives them
  back within 6%, and needs 9.0 TB/s and 1.8 PFLOP/s: nearly all that two H200 have, and twice
  what one has. How many GPUs the figures are of was not told with them. It was not one (drafting
  tokens saves reading, but no arithmetic); two is the least, and what the hours here count.
- The speeds hold for other lengths; nothing is read from a prefix cache; requests are always
  there; vLLM is as fast as TensorRT-LLM. Each of these is a reason to measure before buying.
- Nothing is said of more requests in flight than were published.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from model.architecture import BF16, EXAONE_4_5
from model.exaone import visual_tokens

#: Output tokens a second by requests in flight.
PUBLISHED = {8: 989, 32: 2839, 128: 6427}
#: The GPUs that this needs at least.
PUBLISHED_GPUS = 2
#: One H200, from its data sheet: bytes read and dense BF16 operations a second.
H200_BANDWIDTH, H200_FLOPS = 4.8e12, 989e12


@dataclass(frozen=True)
class RequestSize:
    """A request's size in tokens."""

    prompt: int
    image: int
    output: int

    @property
    def operations(self) -> float:
        """Floating-point operations for the prompt."""
        it = EXAONE_4_5
        text = 2 * it.layers * it.layer_weights
        picture = 2 * it.vision.merge**2 * it.vision.parameters if it.vision else 0
        return (self.prompt + self.image) * text + self.image * picture

    @property
    def cache_bytes(self) -> float:
        """Bytes of cache that one step of the answer reads, on average over the answer."""
        it = EXAONE_4_5
        seen = self.prompt + self.image + np.arange(self.output)
        layer = 2 * it.kv_heads * it.head_size * BF16
        sliding = np.minimum(seen, it.window).mean()
        return layer * ((it.layers - it.sliding) * seen.mean() + it.sliding * sliding)


#: What was published is for this.
PUBLISHED_SIZE = RequestSize(
    prompt=1000, image=int(visual_tokens(512, 512, 512 * 512)), output=1000
)


def seconds_a_request(size: RequestSize, concurrency: int) -> float:
    """A server's time for one request, with `concurrency` of them in flight.

    Raises:
        ValueError: `concurrency` is outside what was published.
    """
    if not min(PUBLISHED) <= concurrency <= max(PUBLISHED):
        raise ValueError(
            f"{concurrency} requests in flight: published are {min(PUBLISHED)} to {max(PUBLISHED)}"
        )
    reading, arithmetic = _costs(size, concurrency)
    bandwidth, flops = speeds()
    return reading / bandwidth + arithmetic / flops


def gpu_hours(
    requests: int, size: RequestSize, *, concurrency: int = 128, gpus: int = PUBLISHED_GPUS
) -> float:
    """Hours of one H200 that so many requests take, `gpus` to a server, as assumed above."""
    return requests * seconds_a_request(size, concurrency) * gpus / 3600


@cache
def speeds() -> tuple[float, float]:
    """Bytes read and operations a second of what was published: least squares of the shares."""
    rows = np.array([_costs(PUBLISHED_SIZE, c) for c in PUBLISHED])
    took = np.array([PUBLISHED_SIZE.output / PUBLISHED[c] for c in PUBLISHED])
    scale = rows.max(axis=0)
    slowness = np.linalg.lstsq(rows / scale / took[:, None], np.ones(len(took)), rcond=None)[0]
    bandwidth, flops = scale / slowness
    return float(bandwidth), float(flops)


def _costs(size: RequestSize, concurrency: int) -> tuple[float, float]:
    """Bytes to read and operations to do for one request."""
    weights = EXAONE_4_5.parameters * BF16
    return size.output * (weights / concurrency + size.cache_bytes), size.operations
