"""OpenAI's chat protocol: a request as the bytes to send, an answer's bytes as a response."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from model.messages import Picture, Request, Response
from records import write_atomically

#: Tags around a thought where the server does not part it from the answer.
THINK, END_THINK = "<think>", "</think>"


class NotAnAnswer(Exception):
    """What came is not a finished chat completion."""


class _Message(msgspec.Struct):
    content: str | None = None
    # vLLM's name for it was the first, and is the second.
    reasoning_content: str | None = None
    reasoning: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


_completion = msgspec.json.Decoder(_Completion)


def body(request: Request, model: str, address: Callable[[Picture], str]) -> bytes:
    """The request as /v1/chat/completions takes it; `address` gives a picture's URL.

    Raises OSError where a picture cannot be read.
    """
    content = {
        "model": model,
        "messages": request.messages(address),
        "max_tokens": request.max_tokens,
        "seed": request.engine_seed,
        "chat_template_kwargs": {"enable_thinking": request.thinking},
        **request.sampling.as_request(),
    }
    if request.schema is not None:
        content["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": request.schema},
        }
    return msgspec.json.encode(content)


def data_url(picture: Picture) -> str:
    """The picture itself as an address."""
    return f"data:image/{picture.format};base64,{base64.b64encode(picture.read()).decode()}"


def file_url(picture: Picture, folder: Path) -> str:
    """The address of the picture's file in `folder`, which is written where it is not there."""
    path = folder.absolute() / picture.sha256[:2] / f"{picture.sha256}.{picture.format}"
    if not path.exists():
        write_atomically(path, picture.read())
    return path.as_uri()


def read_answer(request: Request, reply: bytes) -> Response:
    """The answer in a chat completion; one without content is a failure, its thought kept.

    Raises NotAnAnswer.
    """
    try:
        completion = _completion.decode(reply)
        choice = completion.choices[0]
    except (msgspec.MsgspecError, UnicodeDecodeError, IndexError) as error:
        raise NotAnAnswer(f"not a chat completion: {error}") from error
    if choice.finish_reason not in ("stop", "length"):
        raise NotAnAnswer(f"the answer ends with finish_reason {choice.finish_reason!r}")
    message, usage = choice.message, completion.usage or _Usage()
    text, thought = message.content, message.reasoning_content or message.reasoning
    if text is not None and thought is None:
        text, thought = _part(text, request.thinking)
    response = Response(
        request.id,
        text,
        choice.finish_reason,
        thought=thought,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        task=request.task,
    )
    if not text:
        why = "its thought took all its tokens" if thought else "the answer has no content"
        return replace(response, text=None, finish="error", failure="empty", error=why)
    return response


def _part(text: str, thinking: bool) -> tuple[str | None, str | None]:
    """The answer and the thought of a content that has both.

    The first tag may be missing: chat templates write it into the prompt.
    """
    begins = text.lstrip().startswith(THINK)
    if not begins and not thinking:
        return text, None
    thought, end, answer = text.partition(END_THINK)
    if begins:
        thought = thought.lstrip().removeprefix(THINK)
    if end:
        return answer.lstrip(), thought.strip() or None
    return (None, thought.strip() or None) if begins else (text, None)
