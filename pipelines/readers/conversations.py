"""Conversations, with or without pictures -> conversation drafts.

    LLaVA     {"image": a picture or several, "conversations": [{"from", "value"}]}
    ShareGPT  the same without pictures
    OpenAI    {"messages": [{"role", "content": a text, or [{"type": "text" | "image_url"}]}]}
    TRL       {"images": […], "messages": as OpenAI's, with {"type": "image"} or `<image>`}
    H4        the same with {"type": "image", "index": which of the images, from 0}

A picture that is missing costs the row: the answers are about it. So does a
tool, a video or a sound: what the assistant says rests on it.
"""

from __future__ import annotations

from typing import Any

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, Draft, Piece
from pipelines.readers.row_images import PLACEHOLDER, load_given, place_images, row_images
from pipelines.readers.rows import Record, row_lang, row_url
from records import Part

#: Names of who speaks. ShareGPT's are of the assistants that were recorded.
_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
}
_TOOLS = ("tool", "function", "function_call", "tool_call", "observation", "ipython")
_OTHER_MEDIA = ("video", "videos", "audio", "audios")
_THINK, _END_OF_THINK = "<think>", "</think>"
#: Who speaks, what is said, and reasons to refuse it.
FIELDS = (
    *("id", "lang", "system", "messages", "conversations", "image", "images", "tools"),
    *_OTHER_MEDIA,
)


class _Pictures:
    """The pictures of a row by number, and after them those that its messages hold."""

    def __init__(self, given: list[Any]) -> None:
        self.all = list(given)
        self._given = len(given)
        #: Whether messages say which of the row's pictures they show.
        self.named = False

    def hold(self, picture: Any) -> int:
        """The number of a picture that a message holds; it may be one of those already."""
        if picture not in self.all:
            self.all.append(picture)
        number = self.all.index(picture)
        self.named |= number < self._given
        return number

    def at(self, index: Any) -> int:
        """The number of the row's picture with this index. Raises BadInput."""
        if type(index) is not int or not 0 <= index < self._given:
            detail = f"index {index!r}, {self._given} images"
            raise BadInput("image_index_unknown", detail[:200])
        self.named = True
        return index


def read_conversation(
    record: Record, piece: Piece, source: SourceConfig, config: IngestConfig
) -> Draft:
    """A conversation of one or more turns. Raises BadInput."""
    row = record.read()
    pictures = _Pictures(row_images(row))
    parts = _turns(row, pictures)
    images = tuple(load_given(image, source, config) for image in pictures.all)
    return Draft(
        bucket="conversation",
        lang=row_lang(row, source),
        url=row_url(piece, record, row),
        parts=place_images(parts, len(images)),
        images=images,
    )


def _turns(row: dict[str, Any], pictures: _Pictures) -> list[Part]:
    """The turns, with placeholders for pictures of the row that they do not name."""
    messages = row.get("messages") or row.get("conversations")
    if not isinstance(messages, list) or not messages:
        raise BadInput("no_messages", "neither messages nor conversations is a list with turns")
    if media := [key for key in _OTHER_MEDIA if row.get(key)]:
        raise BadInput("other_media", ", ".join(media))
    if row.get("tools") not in (None, "", "[]", []):
        raise BadInput("tool_use", "the assistant was given tools")
    parts: list[Part] = []
    if isinstance(row.get("system"), str) and row["system"].strip():
        parts.append(Part("text", text=row["system"].strip(), role="system"))
    for message in messages:
        parts += _turn(message, pictures)
    _check_order([part.role for part in parts])
    if pictures.named and any(PLACEHOLDER in (part.text or "") for part in parts):
        raise BadInput("placeholders_not_as_images", "some name their picture")
    return parts


def _turn(message: Any, pictures: _Pictures) -> list[Part]:
    """One message; pictures that it holds are added to `pictures`."""
    if not isinstance(message, dict):
        raise BadInput("not_a_message", f"a turn is a {type(message).__name__}")
    role = _role(message)
    content = message.get("content", message.get("value"))
    items = content if isinstance(content, list) else [{"type": "text", "text": content}]
    parts = [_item(item, role, pictures) for item in items]
    thought = message.get("reasoning_content")
    if isinstance(thought, str) and thought.strip():
        parts.insert(0, Part("think", text=thought.strip(), role=role))
    if role == "assistant" and parts and parts[0].type == "text":
        parts[:1] = _split_thought(parts[0])
    parts = [part for part in parts if part.text or part.type == "image"]
    if all(part.type == "think" for part in parts):
        raise BadInput("empty_turn", f"a turn of the {role} says nothing")
    return parts


def _role(message: dict[str, Any]) -> str:
    name = message.get("role") or message.get("from")
    if name in _TOOLS or message.get("tool_calls") or message.get("function_call"):
        raise BadInput("tool_use", f"a turn of {name!r} or with calls of tools")
    if not isinstance(name, str) or name not in _ROLES:
        raise BadInput("unknown_role", repr(name)[:100])
    return _ROLES[name]


def _item(item: Any, role: str, pictures: _Pictures) -> Part:
    """An item of a message: a text, a thought, a picture, or a placeholder for one."""
    kind = item.get("type") if isinstance(item, dict) else None
    if kind in ("text", "reasoning"):
        text = item.get("text") if item.get("text") is not None else item.get("value")
        if not isinstance(text, str):
            raise BadInput("no_text", f"a turn of the {role} holds a {type(text).__name__}")
        return Part("text" if kind == "text" else "think", text=text.strip(), role=role)
    if kind not in ("image", "image_url"):
        raise BadInput("unknown_content", f"an item of the type {kind!r}"[:100])
    held = next((item[k] for k in ("image_url", "image", "url", "path") if item.get(k)), None)
    if held is not None:
        picture = held.get("url") if kind == "image_url" and isinstance(held, dict) else held
        return Part("image", image=pictures.hold(picture), role=role)
    if item.get("index") is not None:
        return Part("image", image=pictures.at(item["index"]), role=role)
    # {"type": "image"} alone is the next of the row's pictures.
    return Part("text", text=PLACEHOLDER, role=role)


def _split_thought(part: Part) -> list[Part]:
    """What an assistant thought before it spoke, and what it said.

    Where a chat template wrote the <think>, the turn has its end alone.
    """
    text = part.text or ""
    begun_by_template = _THINK not in text and text.count(_END_OF_THINK) == 1
    if not text.startswith(_THINK) and not begun_by_template:
        return [part]
    thought, end, said = text.removeprefix(_THINK).partition(_END_OF_THINK)
    if not end:
        raise BadInput("thought_not_closed", f"{_THINK} without {_END_OF_THINK}")
    return [
        Part("think", text=thought.strip(), role=part.role),
        Part("text", text=said.strip(), role=part.role),
    ]


def _check_order(roles: list[str | None]) -> None:
    """Someone asks, and then the assistant answers."""
    speakers = [role for role in roles if role != "system"]
    if "assistant" not in speakers:
        raise BadInput("no_answer", "the assistant says nothing")
    if speakers[0] != "user":
        raise BadInput("no_question", "the assistant speaks before a user does")
