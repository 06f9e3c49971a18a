"""What the model weighs and its cache takes, against transformers and vLLM themselves."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from model import EXAONE_4_5, MODEL_ID, MODELS, read_model

#: The 33B's own config.json, as far as sizes go.
CONFIG = {
    "architectures": ["Exaone4_5_ForConditionalGeneration"],
    "model_type": "exaone4_5",
    "tie_word_embeddings": False,
    "num_nextn_predict_layers": 1,
    "text_config": {
        "model_type": "exaone4",
        "hidden_size": 5120,
        "intermediate_size": 27392,
        "num_hidden_layers": 64,
        "num_attention_heads": 40,
        "num_key_value_heads": 8,
        "vocab_size": 153600,
        "max_position_embeddings": 262144,
        "sliding_window": 4096,
        "layer_types": (["sliding_attention"] * 3 + ["full_attention"]) * 16,
        "tie_word_embeddings": False,
    },
    "vision_config": {
        "model_type": "exaone4_5_vision",
        "depth": 28,
        "hidden_size": 2048,
        "intermediate_size": 5120,
        "num_heads": 32,
        "num_key_value_heads": 8,
        "out_hidden_size": 5120,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "window_size": 112,
        "fullatt_block_indexes": [6, 13, 20, 27],
    },
}


@pytest.fixture
def folder(tmp_path):
    """A model's folder with the 33B's config.json; `folder(key=…)` changes its text model."""

    def folder(**changes):
        config = {**CONFIG, "text_config": {**CONFIG["text_config"], **changes}}
        (tmp_path / "config.json").write_text(json.dumps(config))
        return tmp_path

    return folder


def test_the_33b_has_the_weights_that_transformers_counts(vllm_environment, folder):
    import torch
    from transformers import AutoConfig, Exaone4_5_ForConditionalGeneration

    config = AutoConfig.from_pretrained(folder())
    with torch.device("meta"):
        model = Exaone4_5_ForConditionalGeneration(config)
    parts = {"all": 0, "visual": 0}
    for name, parameter in model.named_parameters():
        parts["all"] += parameter.numel()
        parts["visual"] += parameter.numel() * ("visual" in name)
    assert parts["all"] == EXAONE_4_5.parameters
    assert parts["visual"] == EXAONE_4_5.vision.parameters


def test_the_33b_is_as_large_as_published():
    """33B, 1.2B of them in the encoder; the hub counts 34B, as it has the MTP layer too."""
    assert round(EXAONE_4_5.parameters / 1e9, 1) == 33.8
    assert round(EXAONE_4_5.vision.parameters / 1e9, 2) == 1.29
    assert round((EXAONE_4_5.parameters + EXAONE_4_5.mtp_weights) / 1e9) == 34
    gigabytes = {m.format: round(m.weight_bytes() / 1e9, 1) for m in MODELS.values()}
    assert gigabytes == {"BF16": 67.6, "FP8": 36.7, "AWQ": 21.8}


def test_a_token_takes_a_quarter_of_the_cache_beyond_the_window():
    token = 2 * 8 * 128 * 2
    far = EXAONE_4_5.kv_bytes(262_144, batched_tokens=2048)
    near = EXAONE_4_5.kv_bytes(131_072, batched_tokens=2048)
    assert far - near == 131_072 * 16 * token  # the 16 global layers alone
    dense = replace(EXAONE_4_5, sliding=0)
    assert dense.kv_bytes(262_144, batched_tokens=2048) == 262_144 * 64 * token


@pytest.mark.parametrize("sliding", [0, 30, 48])
@pytest.mark.parametrize("speculative", [False, True])
def test_a_sequence_takes_the_cache_that_vllm_sets_aside(
    vllm_environment, planner, sliding, speculative
):
    """vLLM's own planner, given the layers as its EXAONE registers them, the drafting one last."""
    import torch
    from vllm.v1.core.kv_cache_utils import get_kv_cache_capacity, get_kv_cache_configs
    from vllm.v1.kv_cache_interface import FullAttentionSpec, SlidingWindowSpec

    ours = replace(EXAONE_4_5, sliding=sliding)
    shape = {"block_size": 16, "num_kv_heads": 8, "head_size": 128, "dtype": torch.bfloat16}
    kinds = [SlidingWindowSpec(**shape, sliding_window=4096)] * sliding
    kinds += [FullAttentionSpec(**shape)] * (64 - sliding)
    # As vLLM builds it, the drafting layer is of the first layer's kind.
    layers = {f"{i}": kind for i, kind in enumerate(kinds + kinds[:1] * speculative)}
    memory = 200 * 2**30
    for context in (4000, 8192, 16_384, 262_144):
        for step in (2048, 8192):
            config = planner(context, step)
            (planned,) = get_kv_cache_configs(config, [dict(layers)], [memory])
            _, sequences = get_kv_cache_capacity(config, planned)
            bytes_ = ours.kv_bytes(context, batched_tokens=step, speculative=speculative)
            assert bytes_ == pytest.approx(memory / sequences, rel=1e-3), (context, step)


@pytest.fixture(scope="module")
def planner(vllm_environment, tmp_path_factory):
    """vLLM's configuration of a server of the 33B, as it is on a GPU."""
    from vllm import AsyncEngineArgs

    folder = tmp_path_factory.mktemp("33b")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    config = AsyncEngineArgs(model=str(folder), skip_tokenizer_init=True).create_engine_config()
    config.cache_config.block_size = 16
    config.cache_config.kv_cache_layout = "NHD"
    config.scheduler_config.async_scheduling = True

    def planner(context, step):
        config.model_config.max_model_len = context
        config.scheduler_config.max_num_batched_tokens = step
        return config

    return planner


def test_a_folder_is_read_from_its_config(folder):
    model = read_model(str(folder()))
    assert model.architecture == EXAONE_4_5
    assert model.weight_bytes() == MODELS[MODEL_ID].weight_bytes()


def test_a_folder_weighs_what_its_files_do(folder):
    path = folder()
    for name, size in (("model-1.safetensors", 3000), ("model-2.safetensors", 500)):
        (path / name).write_bytes(bytes(size))
    assert read_model(str(path)).weight_bytes() == 3500


def test_the_tiny_model_has_the_weights_in_its_file(tiny_exaone):
    model = read_model(str(tiny_exaone))
    with open(tiny_exaone / "model.safetensors", "rb") as file:
        header = 8 + int.from_bytes(file.read(8), "little")
    assert model.stored - header == model.architecture.parameters * 4  # float32


def test_what_cannot_be_reckoned_is_refused_with_what_to_do(folder, tmp_path):
    with pytest.raises(ValueError, match="download it and name the folder"):
        read_model("LGAI-EXAONE/EXAONE-4.5-3B")
    with pytest.raises(ValueError, match=r"linear_attention.*start vLLM by hand"):
        read_model(str(folder(layer_types=["linear_attention"] * 64)))
    with pytest.raises(ValueError, match="latent attention"):
        read_model(str(folder(kv_lora_rank=512)))
    (tmp_path / "config.json").write_text('{"model_type": "resnet"}')
    with pytest.raises(ValueError, match="num_hidden_layers"):
        read_model(str(tmp_path))
    (tmp_path / "config.json").write_text("[1, 2]")
    with pytest.raises(ValueError, match="not of a dense decoder"):
        read_model(str(tmp_path))


def test_a_quantised_folder_without_its_files_is_refused(folder):
    path = folder()
    config = {**CONFIG, "quantization_config": {"quant_method": "fp8"}}
    (path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"no \*\.safetensors to weigh"):
        read_model(str(path))
    (path / "model.safetensors").write_bytes(bytes(100))
    assert (read_model(str(path)).format, read_model(str(path)).stored) == ("fp8", 100)
