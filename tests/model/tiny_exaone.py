"""A real EXAONE 4.5 of random weights, 1.5 MB, made in seconds: what tests run in the 33B's place.

The architecture is the 33B's (sliding and global layers, grouped queries in text
and vision, windows in the vision encoder), the numbers are small. The tokenizer
knows the 33B's special tokens, the ones that matter by their real ids; the chat
template writes what the 33B's writes, as transformers' own tests of it show.
What it answers is noise.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from model import exaone

SEED = 45
#: Tokens of context.
CONTEXT = 32_768
#: Tokens that a sliding layer sees: few, so that a short prompt is longer.
SLIDING_WINDOW = 24
#: Spread of the weights. Ten times the usual: logits that differ by something worth comparing.
SPREAD = 0.2
#: Pixels that a picture is scaled to lie between (112 x 112 .. 448 x 448): 16 to 256 tokens.
MIN_PIXELS, MAX_PIXELS = 112 * 112, 448 * 448

#: Tokens that have the 33B's own ids.
REAL_IDS = {
    exaone.IMAGE_TOKEN_ID: exaone.IMAGE_TOKEN,
    exaone.VIDEO_TOKEN_ID: exaone.VIDEO_TOKEN,
    exaone.VISION_START_ID: exaone.VISION_START,
    exaone.VISION_END_ID: exaone.VISION_END,
}
END_OF_TURN = "[|endofturn|]"
#: Special tokens whose ids are of our choosing.
OTHER_SPECIAL = ("[PAD]", "[BOS]", "[UNK]", "[|system|]", "[|user|]", "[|assistant|]", END_OF_TURN)
#: Tokens of their own, but text to a decoder: `skip_special_tokens` leaves them in.
THINK = (exaone.THINK_START, exaone.THINK_END)

#: What the tokenizer learns its few merges from.
TEXT = (
    "You write captions for pictures in documents. Describe the picture in two or three "
    'sentences. Answer with JSON only: {"caption": "..."} The answer is \\boxed{42}.',
    "The bar chart shows that the number of visitors rose from 120 in 2019 to 480 in 2023.",
    "그림에 보이는 대상과 글자, 구조와 그 관계를 한국어 두세 문장으로 설명하세요. JSON으로만 답하세요.",
    "문제를 차근차근 풀고, 마지막 답을 \\boxed{} 안에 쓰세요. 그림의 막대는 모두 몇 개입니까?",
)
#: Entries of the vocabulary, special ones included.
VOCABULARY = 512

CHAT_TEMPLATE = """\
{%- macro written(content) -%}
{%- if content is string -%}{{ content }}
{%- else -%}{%- for part in content -%}
{%- if part.type == 'text' -%}{{ part.text }}
{%- elif part.type in ('image', 'image_url') -%}{{ '<vision><|image_pad|></vision>\\n' }}
{%- elif part.type in ('video', 'video_url') -%}{{ '<vision><|video_pad|></vision>\\n' }}
{%- endif -%}{%- endfor -%}{%- endif -%}
{%- endmacro -%}
{%- for message in messages -%}
{{- '[|' + message.role + '|]\\n' -}}
{%- if message.role == 'assistant' -%}{{ '<think>\\n\\n</think>\\n\\n' }}{%- endif -%}
{{- written(message.content) + '[|endofturn|]\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '[|assistant|]\\n<think>\\n' -}}
{%- if enable_thinking is defined and not enable_thinking -%}{{ '\\n</think>\\n\\n' }}{%- endif -%}
{%- endif -%}"""


def build(folder: Path) -> Path:
    """Write the model, its tokenizer and its processor to `folder` unless it is there; return it.

    The folder appears whole or not at all, whoever else builds it meanwhile.
    """
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(unfinished)
        unfinished.rename(folder)
    except OSError:
        if not folder.exists():  # nobody was faster
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _write(folder: Path) -> None:
    import transformers

    tokenizer = _tokenizer()
    size = {"shortest_edge": MIN_PIXELS, "longest_edge": MAX_PIXELS}
    processor = transformers.Exaone4_5_Processor(
        image_processor=transformers.Qwen2VLImageProcessor(size=size),
        tokenizer=tokenizer,
        video_processor=transformers.Qwen2VLVideoProcessor(size=size),
        chat_template=CHAT_TEMPLATE,
    )
    processor.save_pretrained(folder)
    model = transformers.Exaone4_5_ForConditionalGeneration(_config(tokenizer)).float().eval()
    _fill(model.named_parameters())
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)


def _tokenizer():
    """A byte-level BPE: any text has tokens, and they give the text back."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    # Ids go by order, and those before the real ones are taken by fillers.
    others = iter(OTHER_SPECIAL)
    special = [REAL_IDS.get(i) or next(others, f"<unused{i}>") for i in range(max(REAL_IDS) + 1)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(THINK),
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    tokenizer.add_tokens([AddedToken(tag, normalized=False) for tag in THINK])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="[BOS]",
        eos_token=END_OF_TURN,
        pad_token="[PAD]",
        unk_token="[UNK]",
        model_max_length=CONTEXT,
    )


def _config(tokenizer):
    from transformers import Exaone4_5_Config, Exaone4_5_VisionConfig, Exaone4Config

    text = Exaone4Config(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,  # the smallest that attention on a CPU has in vLLM
        max_position_embeddings=CONTEXT,
        sliding_window=SLIDING_WINDOW,
        sliding_window_pattern=2,  # one sliding layer, one global
        rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    vision = Exaone4_5_VisionConfig(
        depth=2,
        hidden_size=64,
        intermediate_size=96,
        num_heads=4,
        num_key_value_heads=2,
        out_hidden_size=64,
        window_size=112,
        fullatt_block_indexes=[1],  # one layer of windows, one of the whole picture
    )
    return Exaone4_5_Config(
        text_config=text,
        vision_config=vision,
        image_token_id=exaone.IMAGE_TOKEN_ID,
        video_token_id=exaone.VIDEO_TOKEN_ID,
        vision_start_token_id=exaone.VISION_START_ID,
        vision_end_token_id=exaone.VISION_END_ID,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _fill(parameters: Iterable) -> None:
    """Random weights from one seed, norms and biases too: no two could be swapped unseen."""
    import torch

    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, parameter in parameters:
            parameter.normal_(0.0, SPREAD, generator=generator)
            if name.endswith("weight") and parameter.ndim == 1:
                parameter.add_(1.0)


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
