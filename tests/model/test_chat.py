"""Bytes of answers as servers send them, and the responses that they are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import Request
from model.chat import NotAnAnswer, read_answer
from tests.model.endpoint import completion


def read(text, finish="stop", thinking=True, **message):
    asked = Request("id", "text", "t", 9, seed=0, thinking=thinking)
    return read_answer(asked, completion(text, finish, **message).encode())


def test_an_answer_has_its_text_its_tokens_and_its_task():
    found = read("four")
    assert (found.text, found.finish, found.thought) == ("four", "stop", None)
    assert (found.prompt_tokens, found.completion_tokens, found.task) == (7, 3, "text")


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_a_thought_that_the_server_parted_is_kept(field):
    found = read("4", **{field: "2 and 2"})
    assert (found.text, found.thought) == ("4", "2 and 2")


@pytest.mark.parametrize("content", ["<think>\n2 and 2\n</think>\n\n4", "2 and 2\n</think>\n\n4"])
def test_a_thought_in_the_content_is_parted_from_the_answer(content):
    found = read(content)
    assert (found.text, found.thought) == ("4", "2 and 2")


def test_an_empty_thought_is_none():
    found = read("<think>\n\n</think>\n\n4", thinking=False)
    assert (found.text, found.thought) == ("4", None)


def test_a_tag_in_an_answer_without_a_thought_is_text():
    assert read("write </think> last", thinking=False).text == "write </think> last"


@pytest.mark.parametrize("content", [None, ""])
def test_a_thought_that_took_all_tokens_is_kept_though_there_is_no_answer(content):
    found = read(content, "length", reasoning="well, two")
    assert (found.text, found.finish, found.failure) == (None, "error", "empty")
    assert (found.thought, found.completion_tokens) == ("well, two", 3)
    assert found.error == "its thought took all its tokens"
    assert read("<think>\nwell, two", "length").thought == "well, two"


def test_nothing_at_all_is_empty():
    assert (read(None).failure, read(None).error) == ("empty", "the answer has no content")


def test_a_cut_answer_says_so():
    assert (read("fo", "length").text, read("fo", "length").finish) == ("fo", "length")


@pytest.mark.parametrize("finish", ["abort", "tool_calls", "error", None])
def test_an_answer_that_ended_otherwise_is_none(finish):
    with pytest.raises(NotAnAnswer, match="finish_reason"):
        read("x", finish)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "usage", "finish_reason", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=50)
@given(st.binary(max_size=50) | JSON.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_not_an_answer(reply):
    asked = Request("id", "text", "t", 9, seed=0)
    with pytest.raises(NotAnAnswer):
        read_answer(asked, reply)
