"""How to serve a model with vLLM on the GPUs there are: the arithmetic, and the line to run.

What must fit on each GPU, within the share of its memory that vLLM may use: its part of the
weights, the room to work in, and the cache of at least one sequence at the full length.
Weights and cache are exact (`model/architecture.py`); the room to work in is an allowance,
each part of it below with where it comes from. vLLM measures it when it starts, and gives
what is over to the cache.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from model.architecture import BF16, MODELS, Architecture, Checkpoint
from model.exaone import MODEL_ID, VLLM_ARGUMENTS

GIB = 2**30

#: A grammar that allows any white space lets a model write line breaks to the end of its budget.
_GRAMMARS: dict[str, object] = {"backend": "xgrammar", "disable_any_whitespace": True}
#: Tokens of prompt and answer that batch work is served with, where none are asked for: a
#: picture, its question, and a chain of thought of 8,000 tokens, with as much again to spare.
BATCH_CONTEXT = 16_384
#: Sequences at the full length that a replica should hold before GPUs go to a further one. The
#: others are shorter: eight of 16K are some sixty captions, enough to pay for reading the weights.
ENOUGH_SEQUENCES = 8

#: Sequences that vLLM runs at once (its own default is 256 or 1024, by the GPU).
MAX_SEQUENCES = 256
#: The same where tokens are drafted, which only pays for few sequences at once.
DRAFTED_SEQUENCES = 32
#: Tokens that the MTP layer drafts a step (model card of EXAONE 4.5).
DRAFTED_TOKENS = 3

#: Tokens of a step. vLLM's own defaults for a server: 8,192 on large GPUs, 2,048 on others and
#: on an A100, which larger steps make slower (vLLM 0.32, `EngineArgs.get_batch_defaults`).
STEP_TOKENS, SMALL_STEP_TOKENS = 8192, 2048
#: GiB from where a GPU is large.
LARGE_GPU = 70

#: GiB of CUDA graphs a GPU: the upper end of what vLLM's log says of them, "1~3 GiB".
GRAPHS_GIB = 3.0
#: GiB a GPU of the CUDA context, of NCCL's buffers and of what its allocator cannot use: ours.
PROCESS_GIB = 1.0
#: Bytes a logit while a token is chosen: float32 logits, their sort with 64-bit places,
#: probabilities, their sums, noise (vLLM's sampler with top_p; it is what its profiling runs).
SAMPLER_BYTES = 32
#: Tokens of the largest picture, which vLLM encodes when it profiles. The 33B's own limit is not
#: known; this is the 12.8 million pixels of the processor that it comes from, Qwen2-VL's.
PICTURE_TOKENS = 16_384


@dataclass(frozen=True)
class Gpu:
    """One GPU: its name, and its memory in GiB as nvidia-smi tells it."""

    name: str
    memory: float


@dataclass(frozen=True)
class Settings:
    """How much of a GPU vLLM may use, and how."""

    #: Of the GPU's memory.
    utilization: float
    #: Without CUDA graphs: less memory, slower.
    eager: bool


ROOMY = Settings(0.90, eager=False)
#: As its owner runs the BF16 model on one H100 of 80 GB, where it hardly fits: no graphs, and
#: no more than 8,192 tokens.
TIGHT = Settings(0.95, eager=True)
TIGHT_CONTEXT = 8192


class DoesNotFit(ValueError):
    """The model cannot be served on these GPUs; the text says why, and what would fit."""


@dataclass(frozen=True)
class ServingPlan:
    """What to serve, on what, and what each GPU's memory goes to (GiB)."""

    model: Checkpoint
    gpu: Gpu
    #: GPUs that a replica is split over, and replicas.
    tensor_parallel: int
    replicas: int
    #: GPUs that are left over.
    idle: int
    #: Tokens of prompt and answer together.
    context: int
    #: Pictures that a request may have.
    images: int
    #: Whether the MTP layer drafts tokens.
    speculative: bool
    settings: Settings

    @property
    def usable(self) -> float:
        """What vLLM may use of a GPU."""
        return self.gpu.memory * self.settings.utilization

    @property
    def weights(self) -> float:
        """A GPU's part of the weights."""
        whole = self.model.weight_bytes(speculative=self.speculative)
        return whole / self.tensor_parallel / GIB

    @property
    def activations(self) -> float:
        """The most a step works with: the largest picture, or text and the choice of tokens."""
        it = self.model.architecture
        rows = self.max_sequences * (1 + DRAFTED_TOKENS if self.speculative else 1)
        text = self.step_tokens * _token_bytes(it, self.tensor_parallel)
        text += rows * it.vocabulary * SAMPLER_BYTES
        picture = _picture_bytes(it, self.tensor_parallel) if self.images else 0
        return max(text, picture) / GIB

    @property
    def graphs(self) -> float:
        """CUDA graphs."""
        return 0.0 if self.settings.eager else GRAPHS_GIB

    @property
    def process(self) -> float:
        """What a process needs to be there."""
        return PROCESS_GIB

    @property
    def cache(self) -> float:
        """What is left for the cache."""
        return self.usable - self.weights - self.activations - self.graphs - self.process

    @property
    def sequence(self) -> float:
        """A GPU's part of the cache of one sequence of `context` tokens."""
        it = self.model.architecture
        whole = it.kv_bytes(
            self.context, batched_tokens=self.step_tokens, speculative=self.speculative
        )
        return whole / min(self.tensor_parallel, it.kv_heads) / GIB

    @property
    def sequences(self) -> int:
        """Sequences of `context` tokens that a replica's cache holds; shorter ones are more."""
        return max(0, int(self.cache / self.sequence))

    @property
    def step_tokens(self) -> int:
        """Tokens that one step works on at most."""
        large = self.gpu.memory >= LARGE_GPU and "A100" not in self.gpu.name
        return STEP_TOKENS if large and not self.settings.eager else SMALL_STEP_TOKENS

    @property
    def max_sequences(self) -> int:
        """Sequences that a replica runs at once at most, of whatever length."""
        return DRAFTED_SEQUENCES if self.speculative else MAX_SEQUENCES


def serving_plan(
    gpus: Sequence[Gpu],
    model: Checkpoint = MODELS[MODEL_ID],
    *,
    context: int | None = None,
    images: int = 1,
    speculative: bool = False,
) -> ServingPlan:
    """The best way to serve `model` on `gpus` for batch work.

    A replica is split over as few GPUs as hold `ENOUGH_SEQUENCES`, or else over as many as make
    the most sequences in all; the other GPUs serve further replicas. `context` is in tokens; None
    is what batch work needs, or less where only that fits. `speculative` drafts tokens with the
    model's MTP layer.

    Raises:
        DoesNotFit: No sequence of that length fits, or the GPUs are of several kinds.
        ValueError: `context` is not one that the model has, or `images` is negative.
    """
    most = model.architecture.context
    if context is not None and not 1 <= context <= most:
        raise ValueError(f"a context of {context:,} tokens: the model has 1 to {most:,}")
    if images < 0:
        raise ValueError(f"{images} pictures a request")
    if len({gpu.name for gpu in gpus}) != 1:
        kinds = ", ".join(sorted({gpu.name for gpu in gpus})) or "none"
        raise DoesNotFit(f"GPUs of one kind are needed: {kinds}; CUDA_VISIBLE_DEVICES chooses")
    gpu = min(gpus, key=lambda g: g.memory)
    first = ServingPlan(model, gpu, 1, len(gpus), 0, 1, images, speculative, ROOMY)
    found = _find(first, len(gpus), context)
    if found is None:
        raise DoesNotFit(_refusal(first, len(gpus), context))
    return found


def _find(wanted: ServingPlan, gpus: int, context: int | None) -> ServingPlan | None:
    """The plan for that many GPUs, or None where nothing fits."""
    for tokens, settings in _attempts(wanted.model.architecture, context):
        fit = [
            p
            for p in _splits(replace(wanted, context=tokens, settings=settings), gpus)
            if p.sequences
        ]
        if fit:
            enough = (p for p in fit if p.sequences >= ENOUGH_SEQUENCES)
            return next(enough, max(fit, key=lambda p: p.sequences * p.replicas))
    return None


def _attempts(it: Architecture, context: int | None) -> Iterator[tuple[int, Settings]]:
    """Lengths and settings, the best first."""
    lengths = [context] if context else [BATCH_CONTEXT, TIGHT_CONTEXT]
    lengths = list(dict.fromkeys(min(length, it.context) for length in lengths))
    yield from ((length, ROOMY) for length in lengths)
    yield from ((length, TIGHT) for length in lengths if length <= TIGHT_CONTEXT)


def _splits(wanted: ServingPlan, gpus: int) -> Iterator[ServingPlan]:
    """The same over 1, 2 … GPUs a replica, where the heads can be split so."""
    for n in range(1, gpus + 1):
        if wanted.model.architecture.shards(n):
            yield replace(wanted, tensor_parallel=n, replicas=gpus // n, idle=gpus % n)


def _token_bytes(it: Architecture, tensor_parallel: int) -> int:
    """Bytes that a layer works with for a token: hidden states, the MLP's halves, their product."""
    return BF16 * (4 * it.hidden + 3 * it.intermediate // tensor_parallel)


def _picture_bytes(it: Architecture, tensor_parallel: int) -> int:
    """The same for the largest picture in the encoder, and what comes out of it."""
    if it.vision is None:
        return 0
    vision = it.vision
    shared = (2 * vision.hidden + 3 * vision.intermediate) // tensor_parallel
    patch = BF16 * (4 * vision.hidden + shared)
    return PICTURE_TOKENS * (vision.merge**2 * patch + BF16 * it.hidden)


def _refusal(wanted: ServingPlan, gpus: int, context: int | None) -> str:
    """Why nothing fits, and what is nearest to it that does."""
    tokens, settings = list(_attempts(wanted.model.architecture, context))[-1]
    closest = list(_splits(replace(wanted, context=tokens, settings=settings), gpus))[-1]
    needed = closest.usable - closest.cache + closest.sequence
    split = f", split over {closest.tensor_parallel}" if closest.tensor_parallel > 1 else ""
    why = (
        f"{wanted.model.name} does not fit on {gpus} x {wanted.gpu.name}: with {tokens:,} tokens "
        f"of context{split} a GPU needs {needed:.1f} GiB (weights {closest.weights:.1f}, working "
        f"{needed - closest.weights - closest.sequence:.1f}, one sequence {closest.sequence:.1f}) "
        f"and has {closest.usable:.1f} usable"
    )
    near = list(_nearest(wanted, gpus, context))
    return f"{why}. What fits: {'; '.join(near)}" if near else why


def _nearest(wanted: ServingPlan, gpus: int, context: int | None) -> Iterator[str]:
    shorter = context
    while shorter and (shorter := shorter // 2) >= 1024:
        if found := _find(wanted, gpus, shorter):
            yield f"--context {found.context}"
            break
    for more in range(gpus + 1, 17):
        if found := _find(wanted, more, context):
            yield f"{more} such GPUs (--tensor-parallel-size {found.tensor_parallel})"
            break
    if wanted.model.name in MODELS:
        weight = wanted.model.weight_bytes()
        for model in MODELS.values():
            lighter = replace(wanted, model=model)
            if model.weight_bytes() < weight and (found := _find(lighter, gpus, context)):
                yield f"--model {model.name} (at {found.context:,} tokens)"


def serving_command(
    plan: ServingPlan,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    media: Path | None = None,
    seed: int = 0,
) -> list[str]:
    """The line that serves `plan`; `media` is the folder whose files requests may name.

    `vllm serve` and not `python -m vllm.entrypoints.openai.api_server`: vLLM calls that
    deprecated, and it decodes the pictures of all replicas in one process, where `vllm serve`
    starts one for each.
    """
    line = ["vllm", "serve", plan.model.name, "--host", host, "--port", str(port)]
    line += ["--tensor-parallel-size", str(plan.tensor_parallel)]
    if plan.replicas > 1:
        line += ["--data-parallel-size", str(plan.replicas)]
    line += ["--max-model-len", str(plan.context)]
    line += ["--gpu-memory-utilization", f"{plan.settings.utilization:.2f}"]
    line += ["--max-num-seqs", str(plan.max_sequences)]
    line += ["--max-num-batched-tokens", str(plan.step_tokens)]
    if plan.settings.eager:
        line.append("--enforce-eager")
    if plan.model.architecture.vision:
        line += ["--limit-mm-per-prompt", _json({"image": plan.images, "video": 0})]
        line += [_flag(name, on) for name, on in VLLM_ARGUMENTS.items()]
    if plan.speculative:
        drafts = {"method": "mtp", "num_speculative_tokens": DRAFTED_TOKENS}
        line += ["--speculative-config", _json(drafts)]
    line += ["--reasoning-parser", "qwen3", "--enable-prefix-caching"]
    line += ["--structured-outputs-config", _json(_GRAMMARS)]
    # Requests carry their own sampling, which is recorded; the checkpoint's defaults would
    # fill in silently what a preset leaves out.
    line += ["--generation-config", "vllm"]
    if media is not None:
        line += ["--allowed-local-media-path", str(media.resolve())]
    return [*line, "--seed", str(seed)]


def _flag(name: str, on: bool) -> str:
    return f"--{'' if on else 'no-'}{name.replace('_', '-')}"


def _json(value: dict[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))
