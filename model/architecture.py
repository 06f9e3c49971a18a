"""What a model weighs, and what a sequence of tokens costs it in memory.

The numbers of EXAONE 4.5 33B are those of its public config.json; the formulas are checked
in tests against transformers (parameters) and vLLM 0.32's own cache planner (bytes).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.exaone import CONTEXT, MODEL_ID

#: Bytes of a number in BF16: weights that are not quantised, activations, the cache.
BF16 = 2
#: Tokens of a block of vLLM's cache on a GPU.
BLOCK = 16
#: Steps that vLLM's asynchronous scheduler has in flight: a sliding layer keeps their tokens too.
STEPS_IN_FLIGHT = 2


@dataclass(frozen=True)
class Vision:
    """An encoder of pictures: Qwen2.5-VL's, with grouped queries."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    #: Pixels of a patch's side, and patches merged to one token a side.
    patch: int
    merge: int
    #: The language model's hidden size.
    out: int

    @property
    def parameters(self) -> int:
        """Weights and biases, of patches, layers and the merger."""
        head = self.hidden // self.heads
        qkv = (self.heads + 2 * self.kv_heads) * head
        layer = (
            (self.hidden + 1) * qkv
            + (self.hidden + 1) * self.hidden
            + 2 * (self.hidden + 1) * self.intermediate
            + (self.intermediate + 1) * self.hidden
            + 2 * self.hidden  # norms
        )
        merged = self.hidden * self.merge**2
        merger = self.hidden + (merged + 1) * merged + (merged + 1) * self.out
        #: A patch is three colours of two frames; a picture is two equal ones.
        patches = 3 * 2 * self.patch**2 * self.hidden
        return patches + self.layers * layer + merger


@dataclass(frozen=True)
class Architecture:
    """A dense decoder with grouped queries, some of its layers sliding, perhaps with vision."""

    layers: int
    #: How many of them see only the last `window` tokens.
    sliding: int
    window: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    #: Tokens.
    context: int
    vision: Vision | None
    #: Whether input and output embeddings are one.
    tied: bool = False

    @property
    def layer_weights(self) -> int:
        """Weights of the matrices of one layer: what quantisation shrinks."""
        attention = 2 * self.hidden * (self.heads + self.kv_heads) * self.head_size
        return attention + 3 * self.hidden * self.intermediate

    @property
    def embeddings(self) -> int:
        """Weights of the embeddings, input and output."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    @property
    def norms(self) -> int:
        """Weights of the norms: two a layer, of queries and keys, and the last."""
        return self.layers * (2 * self.hidden + 2 * self.head_size) + self.hidden

    @property
    def mtp_weights(self) -> int:
        """Weights of the layer that drafts tokens: a layer like the others, and what feeds it."""
        return self.layer_weights + 2 * self.hidden**2

    @property
    def parameters(self) -> int:
        """All that is loaded without speculative decoding."""
        vision = self.vision.parameters if self.vision else 0
        return self.layers * self.layer_weights + self.embeddings + self.norms + vision

    def kv_bytes(self, context: int, *, batched_tokens: int, speculative: bool = False) -> int:
        """Bytes that vLLM sets aside for one sequence of `context` tokens, over all GPUs.

        Global layers keep every token, sliding ones the window and what is in flight. vLLM
        puts layers of a kind into groups of one size and pads the last: with the drafting
        layer, EXAONE's 49 sliding ones take the room of 64.
        """
        sliding, full = self.sliding + speculative, self.layers - self.sliding
        if not self.sliding:
            sliding, full = 0, self.layers + speculative
        size = min(n for n in (sliding, full) if n)
        if max(sliding, full) < 1.5 * size:
            size = max(sliding, full)
        window = self.window - 1 + STEPS_IN_FLIGHT * batched_tokens
        blocks = math.ceil(full / size) * math.ceil(context / BLOCK)
        blocks += math.ceil(sliding / size) * (math.ceil(min(window, context) / BLOCK) + 1)
        return blocks * size * BLOCK * 2 * self.kv_heads * self.head_size * BF16

    def shards(self, tensor_parallel: int) -> bool:
        """Whether vLLM can split the heads over that many GPUs."""
        sides = [(self.heads, self.kv_heads)]
        if self.vision:
            sides.append((self.vision.heads, self.vision.kv_heads))
        return all(
            heads % tensor_parallel == 0
            and (kv % tensor_parallel == 0 or tensor_parallel % kv == 0)
            for heads, kv in sides
        )


@dataclass(frozen=True)
class Checkpoint:
    """What a server loads: an architecture, and the format of its weights."""

    #: A name that vLLM knows, or a folder.
    name: str
    architecture: Architecture
    #: How the weights are called: "BF16", "FP8", "AWQ".
    format: str = "BF16"
    #: Bytes of a weight of a layer's matrices. Embeddings, vision and MTP stay in BF16.
    bytes_a_weight: float = BF16
    #: Bytes of the files of weights, where they are at hand: better than arithmetic.
    stored: int | None = None

    def weight_bytes(self, *, speculative: bool = False) -> int:
        """Bytes of all weights, over all GPUs; with the drafting layer where it is used.

        Files are taken whole, whether or not their drafting layer is used.
        """
        it = self.architecture
        if self.stored is not None:
            return self.stored
        matrices = it.layers * it.layer_weights
        others = it.parameters - matrices + (it.mtp_weights if speculative else 0)
        return round(matrices * self.bytes_a_weight + others * BF16)


EXAONE_4_5 = Architecture(
    layers=64,
    sliding=48,
    window=4096,
    hidden=5120,
    intermediate=27_392,
    heads=40,
    kv_heads=8,
    head_size=128,
    vocabulary=153_600,
    context=CONTEXT,
    vision=Vision(
        layers=28,
        hidden=2048,
        intermediate=5120,
        heads=32,
        kv_heads=8,
        patch=14,
        merge=2,
        out=5120,
    ),
)
#: AWQ: 4 bits, and for each group of 128 weights a BF16 scale and a 4-bit zero.
_AWQ = 0.5 + (2 + 0.5) / 128
#: The variants that their owner publishes for vLLM, by name. FP8's scales weigh nothing.
MODELS = {
    model.name: model
    for model in (
        Checkpoint(MODEL_ID, EXAONE_4_5),
        Checkpoint(f"{MODEL_ID}-FP8", EXAONE_4_5, "FP8", 1),
        Checkpoint(f"{MODEL_ID}-AWQ", EXAONE_4_5, "AWQ", _AWQ),
    )
}


def read_model(name: str) -> Checkpoint:
    """A published variant by its name, or the model in a folder by its config.json.

    A folder with *.safetensors weighs what they do; one without, what its numbers come to.

    Raises:
        ValueError: Neither; or the folder's architecture is not one that this can reckon.
    """
    if name in MODELS:
        return MODELS[name]
    folder = Path(name)
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{name} is not one of {', '.join(MODELS)}, and has no config.json to read its size "
            "from: download it and name the folder"
        ) from error
    try:
        architecture = _architecture(config)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{folder / 'config.json'} is not of a dense decoder that can be reckoned here "
            f"({error!r}): start vLLM by hand"
        ) from error
    stored = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    quantised = config.get("quantization_config") or {}
    if quantised and not stored:
        raise ValueError(f"{name} is quantised and has no *.safetensors to weigh")
    format_ = str(quantised.get("quant_method", "BF16"))
    return Checkpoint(str(folder), architecture, format_, stored=stored or None)


def _architecture(config: dict[str, Any]) -> Architecture:
    text = config.get("text_config") or config
    kinds = text.get("layer_types") or ["full_attention"] * text["num_hidden_layers"]
    unknown = set(kinds) - {"full_attention", "sliding_attention"}
    if unknown or "kv_lora_rank" in text:
        raise ValueError(f"its layers are {', '.join(sorted(unknown)) or 'of latent attention'}")
    sliding = kinds.count("sliding_attention")
    heads, hidden = text["num_attention_heads"], text["hidden_size"]
    return Architecture(
        layers=text["num_hidden_layers"],
        sliding=sliding,
        window=text["sliding_window"] if sliding else 0,
        hidden=hidden,
        intermediate=text["intermediate_size"],
        heads=heads,
        kv_heads=text.get("num_key_value_heads") or heads,
        head_size=text.get("head_dim") or hidden // heads,
        vocabulary=text["vocab_size"],
        context=text["max_position_embeddings"],
        vision=_vision(config["vision_config"], hidden) if config.get("vision_config") else None,
        tied=bool(config.get("tie_word_embeddings", text.get("tie_word_embeddings", False))),
    )


def _vision(vision: dict[str, Any], hidden: int) -> Vision:
    return Vision(
        layers=vision["depth"],
        hidden=vision["hidden_size"],
        intermediate=vision["intermediate_size"],
        heads=vision["num_heads"],
        kv_heads=vision.get("num_key_value_heads") or vision["num_heads"],
        patch=vision["patch_size"],
        merge=vision["spatial_merge_size"],
        out=hidden,
    )
