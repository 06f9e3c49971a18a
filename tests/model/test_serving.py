"""The plan agrees with what was published, adds up, and its line is one that vLLM takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import EXAONE_4_5, MODEL_ID, MODELS, DoesNotFit, Gpu, serving_command, serving_plan

#: As nvidia-smi tells them, in GiB.
H200 = Gpu("NVIDIA H200", 140.4)
H100 = Gpu("NVIDIA H100 80GB HBM3", 79.6)
A100_40 = Gpu("NVIDIA A100-SXM4-40GB", 40.0)
L40S = Gpu("NVIDIA L40S", 45.0)
FP8, AWQ = f"{MODEL_ID}-FP8", f"{MODEL_ID}-AWQ"


def option(line, name):
    return line[line.index(name) + 1]


def test_256k_fits_one_h200_and_four_a100_of_40_gb_as_published():
    assert serving_plan([H200], context=262_144).tensor_parallel == 1
    assert serving_plan([A100_40] * 4, context=262_144).tensor_parallel == 4
    for too_few in ([H100], [A100_40] * 2):
        with pytest.raises(DoesNotFit):
            serving_plan(too_few, context=262_144)


def test_one_h100_serves_the_33b_only_as_published():
    line = serving_command(serving_plan([H100]))
    assert option(line, "--max-model-len") == "8192"
    assert option(line, "--gpu-memory-utilization") == "0.95"
    assert "--enforce-eager" in line
    with pytest.raises(DoesNotFit, match=r"80GB.*--context 8192; 2 such GPUs"):
        serving_plan([H100], context=16_384)


def test_batch_work_is_served_with_16k_where_it_fits():
    for gpus in ([H200], [H100] * 2, [A100_40] * 4, [L40S] * 4):
        assert serving_plan(gpus).context == 16_384


def test_gpus_that_a_replica_does_not_need_serve_another():
    plan = serving_plan([H100] * 8)
    assert (plan.tensor_parallel, plan.replicas, plan.idle) == (2, 4, 0)
    plan = serving_plan([H200] * 8)
    assert (plan.tensor_parallel, plan.replicas) == (1, 8)
    assert option(serving_command(plan), "--data-parallel-size") == "8"
    assert "--data-parallel-size" not in serving_command(serving_plan([H200]))


def test_a_replica_is_spread_wider_rather_than_hold_a_few_sequences():
    """On two L40S two sequences of 16K fit; on four, more than twice as many as on two by two."""
    two, four = serving_plan([L40S] * 2), serving_plan([L40S] * 4)
    assert (two.tensor_parallel, two.sequences) == (2, 2)
    assert (four.tensor_parallel, four.replicas) == (4, 1)
    assert four.sequences > 2 * two.sequences


def test_heads_decide_over_how_many_gpus_a_replica_can_be_split():
    assert [n for n in range(1, 41) if EXAONE_4_5.shards(n)] == [1, 2, 4, 8]
    plan = serving_plan([H100] * 3)
    assert (plan.tensor_parallel, plan.replicas, plan.idle) == (2, 1, 1)


def test_a_refusal_says_what_is_missing_and_what_fits():
    with pytest.raises(DoesNotFit) as refusal:
        serving_plan([Gpu("48 GB", 48.0)])
    assert str(refusal.value) == (
        "LGAI-EXAONE/EXAONE-4.5-33B does not fit on 1 x 48 GB: with 8,192 tokens of context a GPU "
        "needs 69.5 GiB (weights 63.0, working 4.5, one sequence 2.0) and has 45.6 usable. What "
        "fits: 2 such GPUs (--tensor-parallel-size 2); --model LGAI-EXAONE/EXAONE-4.5-33B-FP8 (at "
        "8,192 tokens); --model LGAI-EXAONE/EXAONE-4.5-33B-AWQ (at 16,384 tokens)"
    )
    with pytest.raises(DoesNotFit, match=r"and has 7\.6 usable$"):
        serving_plan([Gpu("8 GB", 8.0)])


@pytest.mark.parametrize(
    "gpus", [[Gpu("48 GB", 48.0)], [H100], [A100_40] * 2, [Gpu("24 GB", 24.0)] * 2]
)
def test_what_a_refusal_proposes_does_fit(gpus):
    with pytest.raises(DoesNotFit) as refusal:
        serving_plan(gpus, context=32_768)
    _, _, proposals = str(refusal.value).partition("What fits: ")
    assert proposals
    for proposal in proposals.split("; "):
        words = proposal.split()
        if words[0] == "--context":
            assert serving_plan(gpus, context=int(words[1])).context == int(words[1])
        elif words[0] == "--model":
            assert serving_plan(gpus, MODELS[words[1]], context=32_768).context == 32_768
        else:
            more = serving_plan([gpus[0]] * int(words[0]), context=32_768)
            assert str(more.tensor_parallel) == words[-1].rstrip(")")


def test_quantised_weights_fit_where_the_others_do_not():
    assert serving_plan([L40S] * 1, MODELS[AWQ]).context == 16_384
    assert serving_plan([H100], MODELS[FP8]).settings.eager is False
    assert serving_plan([Gpu("24 GB", 24.0)] * 2, MODELS[AWQ]).tensor_parallel == 2


def test_gpus_of_two_kinds_are_refused_by_name():
    with pytest.raises(DoesNotFit, match="NVIDIA H200, NVIDIA L40S; CUDA_VISIBLE_DEVICES"):
        serving_plan([H200, L40S])
    with pytest.raises(DoesNotFit, match="none"):
        serving_plan([])


def test_a_context_that_the_model_has_not_is_refused():
    for context in (0, 262_145):
        with pytest.raises(ValueError, match="1 to 262,144"):
            serving_plan([H200], context=context)
    with pytest.raises(ValueError, match="-1 pictures"):
        serving_plan([H200], images=-1)


def test_drafting_tokens_costs_memory_and_runs_fewer_sequences():
    plain, drafting = serving_plan([H100] * 2), serving_plan([H100] * 2, speculative=True)
    assert drafting.weights > plain.weights
    assert drafting.sequences < plain.sequences
    line = serving_command(drafting)
    assert json.loads(option(line, "--speculative-config")) == {
        "method": "mtp", "num_speculative_tokens": 3
    }  # fmt: skip
    assert option(line, "--max-num-seqs") == "32"
    assert "--speculative-config" not in serving_command(plain)


def test_steps_are_smaller_on_an_a100_as_vllm_has_them():
    assert serving_plan([Gpu("NVIDIA A100-SXM4-80GB", 80.0)] * 2).step_tokens == 2048
    assert serving_plan([H100] * 2).step_tokens == 8192


def test_a_model_without_pictures_needs_no_room_for_them():
    seen, text = serving_plan([H200], images=1), serving_plan([H200], images=0)
    assert text.activations < seen.activations


@given(
    number=st.integers(1, 16),
    memory=st.floats(8, 300),
    context=st.none() | st.integers(1, 262_144),
    model=st.sampled_from(sorted(MODELS)),
    images=st.integers(0, 8),
    speculative=st.booleans(),
)
def test_a_plan_always_adds_up(number, memory, context, model, images, speculative):
    gpus = [Gpu("some", memory)] * number
    options = {"context": context, "images": images, "speculative": speculative}
    try:
        plan = serving_plan(gpus, MODELS[model], **options)
    except DoesNotFit:
        return
    parts = plan.weights + plan.activations + plan.graphs + plan.process
    assert parts + plan.sequences * plan.sequence <= plan.usable < memory
    assert plan.sequences >= 1
    assert plan.tensor_parallel * plan.replicas + plan.idle == number
    assert EXAONE_4_5.shards(plan.tensor_parallel)
    assert plan.context == (context or plan.context)
    if plan.settings.eager:
        assert plan.context <= 8192
    # What fits goes on fitting with more memory.
    roomier = serving_plan([Gpu("some", memory * 1.5)] * number, MODELS[model], **options)
    assert roomier.context >= plan.context


LINES = {
    "one": serving_plan([H200]),
    "tight": serving_plan([H100]),
    "many": serving_plan([H100] * 8, images=4),
    "drafting": serving_plan([H200] * 2, context=262_144, speculative=True),
    "text": serving_plan([L40S] * 2, MODELS[AWQ], images=0),
}


@pytest.mark.parametrize("name", LINES)
def test_vllm_takes_the_line(tiny_exaone, tmp_path, name):
    """Its own parser and engine arguments, which know what an option must be."""
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
    from vllm.reasoning import ReasoningParserManager
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    plan = LINES[name]
    line = serving_command(plan, port=8123, media=tmp_path, seed=7)
    assert line[:2] == ["vllm", "serve"]
    args = make_arg_parser(FlexibleArgumentParser()).parse_args(line[2:])
    validate_parsed_serve_args(args)
    assert args.model_tag == plan.model.name
    args.model = str(tiny_exaone)  # a name is looked up, even by the arguments
    engine = AsyncEngineArgs.from_cli_args(args)
    assert (args.host, args.port) == ("127.0.0.1", 8123)
    assert engine.tensor_parallel_size == plan.tensor_parallel
    assert engine.data_parallel_size == plan.replicas
    assert engine.max_model_len == plan.context
    assert engine.gpu_memory_utilization == plan.settings.utilization
    assert engine.enforce_eager == plan.settings.eager
    assert engine.max_num_seqs == plan.max_sequences
    assert engine.max_num_batched_tokens == plan.step_tokens
    assert engine.limit_mm_per_prompt == {"image": plan.images, "video": 0}
    assert (engine.speculative_config is not None) == plan.speculative
    assert engine.enable_prefix_caching is True
    assert Path(engine.allowed_local_media_path) == tmp_path
    assert engine.seed == 7
    assert ReasoningParserManager.get_reasoning_parser(
        args.reasoning_parser or engine.reasoning_parser
    )
