from __future__ import annotations

import base64
import json

import pytest

from pipelines.readers import Draft
from tests.pipelines.readers.packages import llamafactory
from tests.pipelines.readers.reading import huge_png, png, read


def one(root, row, **options):
    """What a row gives: its draft, or the reason why it has none."""
    (root / "a.png").write_bytes(png())
    (root / "b.png").write_bytes(png(colour="blue"))
    (root / "c.json").write_text(json.dumps([row]))
    (item,) = read(root, "c.json", "conversations", **options)
    return item if isinstance(item, Draft) else item.reason


def said(draft):
    return [(p.role, p.type, p.image if p.type == "image" else p.text) for p in draft.parts]


def llava(question, answer="An answer.", **fields):
    turns = [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]
    return {"conversations": turns, **fields}


def openai(content, answer="An answer."):
    user, assistant = {"role": "user", "content": content}, {"role": "assistant", "content": answer}
    return {"messages": [user, assistant]}


ANSWER = ("assistant", "text", "An answer.")


def test_llava_placeholders_are_pictures_in_order(tmp_path):
    row = llava("<image>\nLike <image>?", id="x7", image=["a.png", "b.png"])
    draft = one(tmp_path, row)
    assert said(draft) == [
        ("user", "image", 0),
        ("user", "text", "Like"),
        ("user", "image", 1),
        ("user", "text", "?"),
        ANSWER,
    ]
    assert [i.data for i in draft.images] == [png(), png(colour="blue")]
    assert (draft.bucket, draft.url) == ("conversation", "c.json#x7@0")


def test_without_a_placeholder_the_picture_comes_first_after_the_system(tmp_path):
    row = llava("What is it?", image="a.png", system="Be brief.")
    assert said(one(tmp_path, row)) == [
        ("system", "text", "Be brief."),
        ("user", "image", 0),
        ("user", "text", "What is it?"),
        ANSWER,
    ]


@pytest.mark.parametrize("names", [("human", "gpt"), ("user", "bard"), ("human", "chatgpt")])
def test_sharegpt_speakers_are_known(tmp_path, names):
    turns = [{"from": n, "value": t} for n, t in zip(names, ("Hi.", "An answer."), strict=True)]
    assert said(one(tmp_path, {"conversations": turns})) == [("user", "text", "Hi."), ANSWER]


def test_openai_items_hold_their_pictures(tmp_path):
    uri = "data:image/png;base64," + base64.b64encode(png()).decode()
    items = [
        {"type": "text", "text": "Is"},
        {"type": "image_url", "image_url": {"url": uri}},
        {"type": "text", "text": "like"},
        {"type": "image_url", "image_url": "b.png"},
    ]
    draft = one(tmp_path, openai(items))
    user = [("user", "text", "Is"), ("user", "image", 0), ("user", "text", "like")]
    assert said(draft) == [*user, ("user", "image", 1), ANSWER]
    assert [i.data for i in draft.images] == [png(), png(colour="blue")]


def test_image_items_may_stand_for_the_pictures_of_the_row(tmp_path):
    row = openai([{"type": "image"}, {"type": "text", "text": "What?"}]) | {"images": ["a.png"]}
    assert said(one(tmp_path, row)) == [("user", "image", 0), ("user", "text", "What?"), ANSWER]


def test_image_items_may_name_the_pictures_of_the_row(tmp_path):
    items = [{"type": "image", "index": 1, "text": None}, {"type": "image", "index": 0}]
    text = {"type": "text", "index": None, "text": "What?"}
    draft = one(tmp_path, openai([*items, text]) | {"images": ["a.png", "b.png"]})
    user = [("user", "image", 1), ("user", "image", 0), ("user", "text", "What?")]
    assert said(draft) == [*user, ANSWER]
    assert [i.data for i in draft.images] == [png(), png(colour="blue")]


def test_a_picture_that_is_held_twice_or_by_the_row_too_is_one(tmp_path):
    held = [{"type": "image", "image": "a.png"}] * 2
    draft = one(tmp_path, openai([*held, {"type": "text", "text": "?"}]) | {"images": ["a.png"]})
    assert said(draft)[:2] == [("user", "image", 0)] * 2
    assert len(draft.images) == 1


def test_held_pictures_stand_beside_those_of_the_row(tmp_path):
    held, text = {"type": "image_url", "image_url": "b.png"}, {"type": "text", "text": "?"}
    draft = one(tmp_path, openai([held, {"type": "image"}, text]) | {"images": ["a.png"]})
    assert said(draft)[:2] == [("user", "image", 1), ("user", "image", 0)]
    assert [i.data for i in draft.images] == [png(), png(colour="blue")]


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ([{"type": "image", "index": 0}], "placeholders_not_as_images"),
        ([{"type": "image", "index": 1}, {"type": "image"}], "placeholders_not_as_images"),
        ([{"type": "image", "image": "b.png"}, {"type": "image"}], "placeholders_not_as_images"),
        ([{"type": "image_url", "image_url": "c.png"}], "placeholders_not_as_images"),
        ([{"type": "image", "index": 2}], "image_index_unknown"),
        ([{"type": "image", "index": -1}], "image_index_unknown"),
        ([{"type": "image", "index": True}], "image_index_unknown"),
    ],
)
def test_no_picture_of_the_row_is_lost_silently(tmp_path, items, reason):
    (tmp_path / "c.png").write_bytes(png(colour="green"))
    row = openai([*items, {"type": "text", "text": "What?"}]) | {"images": ["a.png", "b.png"]}
    assert one(tmp_path, row) == reason


def test_a_list_of_pictures_may_be_filled_up_but_have_no_gap(tmp_path):
    items = [{"type": "image", "index": 0}, {"type": "text", "text": "What?"}]
    draft = one(tmp_path, openai(items) | {"images": ["a.png", None, None]})
    assert len(draft.images) == 1
    assert one(tmp_path, openai(items) | {"images": [None, "a.png"]}) == "image_not_given"
    assert said(one(tmp_path, openai("Hi.") | {"images": [None]}))[1:] == [ANSWER]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": "Hm.\n</think>\n\nAn answer."},
        {"role": "assistant", "content": "<think>\nHm.\n</think>\n\nAn answer."},
        {"role": "assistant", "content": "An answer.", "reasoning_content": "Hm."},
        {
            "role": "assistant",
            "content": [
                {"type": "reasoning", "value": "Hm."},
                {"type": "text", "value": "An answer."},
            ],
        },
    ],
)
def test_a_thought_is_a_part_of_its_own(tmp_path, message):
    draft = one(tmp_path, {"messages": [{"role": "user", "content": "Hi."}, message]})
    assert said(draft)[1:] == [("assistant", "think", "Hm."), ANSWER]


def test_an_empty_thought_is_none(tmp_path):
    draft = one(tmp_path, openai("Hi.", "<think>\n\n</think>\n\nAn answer."))
    assert said(draft)[1:] == [ANSWER]


def test_only_an_assistant_thinks(tmp_path):
    draft = one(tmp_path, openai("<think> is a tag?"))
    assert said(draft)[0] == ("user", "text", "<think> is a tag?")


@pytest.mark.parametrize("text", ["</think> or </think>?", "See <think>x</think>."])
def test_what_need_not_be_the_end_of_a_thought_is_said(tmp_path, text):
    assert said(one(tmp_path, openai("Hi.", text)))[1:] == [("assistant", "text", text)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (llava("<image>What?"), "placeholders_not_as_images"),
        (llava("<image><image>What?", image="a.png"), "placeholders_not_as_images"),
        (llava("<image>What?", image=["a.png", "b.png"]), "placeholders_not_as_images"),
        (llava("<image 1> What?", image="a.png"), "placeholder_numbered"),
        (llava("<image>What?", image="gone.png"), "image_missing"),
        (llava("<image>What?", image="../../etc/passwd"), "image_path_outside_source"),
        (llava("<image>What?", image="https://a.example/x.png"), "image_remote"),
        (llava("<image>What?", image="text.png"), "image_unknown_format"),
        (llava("<image>What?", image="huge.png"), "image_too_many_pixels"),
        (llava("<image>What?", image="data:image/png;base64,A*"), "image_bad_base64"),
        (llava("<image>What?", image="data:image/png,xx"), "image_unknown_format"),
        (llava("<image>What?", image="data:image/png;base64," + "A" * 4000), "image_too_large"),
        (llava("<image>What?", image=7), "image_not_given"),
        (llava("What?", video="v.mp4"), "other_media"),
        (llava("What?", tools='[{"name": "look"}]'), "tool_use"),
        (llava(" "), "empty_turn"),
        (llava("Hi.", "<think>Hm.</think>"), "empty_turn"),
        (llava("Hi.", "Hm.</think>"), "empty_turn"),
        (llava("Hi.", "<think>Hm."), "thought_not_closed"),
        (llava(5), "no_text"),
        (openai(None), "no_text"),
        (openai([{"type": "input_audio"}]), "unknown_content"),
        (openai(["text"]), "unknown_content"),
        ({"messages": []}, "no_messages"),
        ({"conversations": "Hi."}, "no_messages"),
        ({"messages": ["Hi."]}, "not_a_message"),
        ({"messages": [{"role": "tool", "content": "5"}]}, "tool_use"),
        ({"messages": [{"role": "wizard", "content": "5"}]}, "unknown_role"),
        ({"messages": [{"role": "user", "content": "Hi."}]}, "no_answer"),
        ({"messages": openai("Hi.")["messages"][1:]}, "no_question"),
    ],
)
def test_what_would_not_be_true_is_refused(tmp_path, row, reason):
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "huge.png").write_bytes(huge_png())
    assert one(tmp_path, row, max_image_bytes=2000) == reason


def test_real_conversations_about_photos_are_read():
    """LlamaFactory's demonstration data: placeholders in any turn, one photo twice."""
    root = llamafactory()
    first, *others = read(root, "mllm_demo.json", "conversations")
    assert said(first) == [
        ("user", "image", 0),
        ("user", "text", "Who are they?"),
        ("assistant", "text", "They're Kane and Gretzka from Bayern Munich."),
        ("user", "text", "What are they doing?"),
        ("user", "image", 1),
        ("assistant", "text", "They are celebrating on the soccer field."),
    ]
    assert [len(d.images) for d in others] == [1, 1, 2, 1, 1]
    assert {i.reason for i in read(root, "mllm_video_demo.json", "conversations")} == {
        "other_media"
    }


def test_real_conversations_with_tools_and_thoughts_are_told_apart():
    root = llamafactory()
    drafts = read(root, "v1_sft_demo.jsonl", "conversations")
    assert all(isinstance(d, Draft) for d in drafts)
    items = read(root, "glaive_toolcall_en_demo.json", "conversations")
    plain = [d for d in items if isinstance(d, Draft)]
    assert plain
    assert not any("function" in str(p.role) for d in plain for p in d.parts)
    assert {i.reason for i in items if not isinstance(i, Draft)} == {"tool_use"}
