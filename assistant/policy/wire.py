"""The chat-completions format, both ways: trajectory messages to a request body, a streamed answer to its text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.errors import PolicyError
from assistant.policy.base import Conversation, Message, encodable

MAX_LINE = 1_000_000
_CALL = re.compile(r"\s*<tool_call>(.*?)</tool_call>", re.DOTALL)
_OPEN, _CLOSE = "<think>", "</think>"


def wire_messages(messages: Conversation) -> list[dict[str, Any]]:
    """The messages as a server wants them: calls that were answered are structured, with ids that match.

    A tool message without a call before it (its call did not parse) is sent as the user's, between tags.
    """
    sent: list[dict[str, Any]] = []
    waiting: list[str] = []
    messages = [Message(message.role, encodable(message.content)) for message in messages]
    for place, message in enumerate(messages):
        if message.role == "tool":
            sent.append(_wire_result(message, waiting.pop(0) if waiting else None))
        elif message.role == "assistant":
            answered = _answers(messages[place + 1 :])
            wired = _wire_assistant(message, answered, number=len(sent))
            waiting = [call["id"] for call in wired.get("tool_calls", [])]
            sent.append(wired)
        else:
            sent.append({"role": message.role, "content": message.content})
    return sent


def _answers(following: Sequence[Message]) -> int:
    """How many tool messages come right after."""
    return next((place for place, message in enumerate(following) if message.role != "tool"), len(following))


def _wire_assistant(message: Message, answered: int, *, number: int) -> dict[str, Any]:
    """An assistant message with its first ``answered`` calls structured. Ids are nine letters and digits, because
    one server wants them so."""
    calls = [call for call in map(_parse_call, _CALL.findall(message.content)) if call is not None][:answered]
    if not calls:
        return {"role": "assistant", "content": message.content}
    functions = [{"name": name, "arguments": json.dumps(given, ensure_ascii=False)} for name, given in calls]
    structured = [
        {"id": f"c{number:04d}{place:04d}", "type": "function", "function": function}
        for place, function in enumerate(functions)
    ]
    return {"role": "assistant", "content": _CALL.sub("", message.content), "tool_calls": structured}


def _wire_result(message: Message, call_id: str | None) -> dict[str, Any]:
    if call_id is None:
        return {"role": "user", "content": f"<tool_response>\n{message.content}\n</tool_response>"}
    return {"role": "tool", "tool_call_id": call_id, "content": message.content}


def _parse_call(text: str) -> tuple[str, dict[str, Any]] | None:
    try:
        call = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    if isinstance(call, dict) and isinstance(call.get("name"), str) and isinstance(call.get("arguments"), dict):
        return call["name"], call["arguments"]
    return None


def sse_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """The payload of each ``data:`` line of a server-sent event stream. Raises PolicyError on an endless line."""
    pending = b""
    for chunk in chunks:
        *lines, pending = (pending + chunk).split(b"\n")
        if len(pending) > MAX_LINE:
            raise PolicyError(f"the server sent a line of more than {MAX_LINE:,} bytes")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].decode("utf-8", "replace").strip()
    if pending.startswith(b"data:"):
        yield pending[5:].decode("utf-8", "replace").strip()


class ThinkFilter:
    """Drops ``<think>…</think>`` from a text that comes in pieces."""

    def __init__(self) -> None:
        self._pending = ""
        self.inside = False
        self.dropped = False

    def push(self, piece: str) -> str:
        """The part of the text that is surely not thought. Raises PolicyError when thoughts end that never began."""
        self._pending += piece
        shown = ""
        while True:
            tag = _CLOSE if self.inside else _OPEN
            before, found, after = self._pending.partition(tag)
            if not found:
                break
            shown += "" if self.inside else _checked(before)
            self._pending = after
            self.inside = not self.inside
            self.dropped = True
        kept = max(_overlap(self._pending, _OPEN), _overlap(self._pending, _CLOSE))
        ready = self._pending[: len(self._pending) - kept]
        self._pending = self._pending[len(ready) :]
        return shown if self.inside else shown + _checked(ready)

    def finish(self) -> str:
        """What was held back because it might have begun a tag."""
        rest, self._pending = self._pending, ""
        return "" if self.inside else rest


def _checked(text: str) -> str:
    if _CLOSE in text:
        raise PolicyError(
            "the server streams the model's reasoning as if it were the answer: turn thinking off, or start the server "
            "with its reasoning parser"
        )
    return text


def _overlap(text: str, tag: str) -> int:
    """How many characters at the end of ``text`` may be the beginning of ``tag``."""
    return next((size for size in range(min(len(text), len(tag) - 1), 0, -1) if text.endswith(tag[:size])), 0)


@dataclass
class _Call:
    name: str = ""
    arguments: str = ""
    call_id: str = ""

    def text(self) -> str:
        """The call as trajectory text; arguments that are no JSON stand as they came, for the reader to refuse."""
        try:
            arguments = json.dumps(json.loads(self.arguments or "{}"), ensure_ascii=False)
        except (json.JSONDecodeError, RecursionError):
            arguments = self.arguments
        return f'<tool_call>\n{{"name": {json.dumps(self.name)}, "arguments": {arguments}}}\n</tool_call>'


@dataclass
class Answer:
    """A streamed answer, read chunk by chunk to the text that a trajectory carries.

    ``limit`` bounds all that the server may send, in characters. Every method raises PolicyError on what is not
    the chat-completions format, on refusals, and past the limit.
    """

    limit: int
    finished: bool = False
    usage: dict[str, int] = field(default_factory=dict)
    _size: int = 0
    _shown: str = ""
    _reasoned: bool = False
    _calls: list[_Call] = field(default_factory=list)
    _places: dict[int, _Call] = field(default_factory=dict)
    _think: ThinkFilter = field(default_factory=ThinkFilter)

    @property
    def started(self) -> bool:
        """Whether the model wrote anything yet, thoughts included."""
        return self._size > 0

    def read(self, payload: str) -> str:
        """The text that one chunk (or one whole answer) adds; empty when it adds none."""
        try:
            chunk = json.loads(payload)
        except (json.JSONDecodeError, RecursionError) as error:
            raise PolicyError(f"the server sent something other than JSON: {payload[:80]!r}") from error
        if not isinstance(chunk, dict):
            raise PolicyError(f"the server sent no chat-completions chunk: {payload[:80]!r}")
        if chunk.get("error"):
            raise PolicyError(f"the server broke off: {_error_text(chunk['error'])}")
        self._count(chunk.get("usage"))
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
            raise PolicyError(f"the server sent no chat-completions chunk: {payload[:80]!r}")
        return self._choice(choices[0]) if choices else ""

    def finish(self) -> str:
        """The end of the text: what was held back, then the tool calls. Raises PolicyError when nothing was said."""
        rest = self._think.finish()
        self._shown += rest
        calls = "\n".join(call.text() for call in self._calls)
        if not self._shown.strip() and not calls:
            thought = self._reasoned or self._think.dropped
            raise PolicyError(
                "the model only thought and wrote no answer: turn its thinking off, or choose a model that does not "
                "think aloud"
                if thought
                else "the model answered with an empty message"
            )
        gap = "\n" if calls and self._shown.strip() and not self._shown.endswith("\n") else ""
        return rest + gap + calls

    def _choice(self, choice: dict[str, Any]) -> str:
        reason = choice.get("finish_reason")
        if reason == "content_filter":
            raise PolicyError("the server's content filter stopped the answer")
        self.finished = self.finished or bool(reason)
        delta = choice.get("delta") or choice.get("message") or {}
        if not isinstance(delta, dict):
            raise PolicyError("the server sent a choice whose delta is no object")
        if delta.get("refusal"):
            raise PolicyError(f"the model refused: {str(delta['refusal'])[:200]}")
        thought = next((delta[key] for key in ("reasoning_content", "reasoning", "thinking") if delta.get(key)), "")
        self._reasoned = self._reasoned or bool(thought)
        self._grow(str(thought))
        for fragment in delta.get("tool_calls") or []:
            self._call(fragment)
        content = delta.get("content") or ""
        if not isinstance(content, str):
            raise PolicyError("the server sent a content that is no text")
        self._grow(content)
        piece = self._think.push(content)
        self._shown += piece
        return piece

    def _call(self, fragment: object) -> None:
        """Add a piece of a tool call. Some servers give every call the index 0: another id then begins another."""
        function = fragment.get("function") if isinstance(fragment, dict) else None
        if not isinstance(fragment, dict) or not isinstance(function, dict):
            raise PolicyError("the server sent a tool call without a function")
        place, call_id = fragment.get("index", len(self._calls)), fragment.get("id") or ""
        if not isinstance(place, int) or not isinstance(call_id, str):
            raise PolicyError("the server sent a tool call whose index or id has the wrong type")
        call = self._places.get(place)
        if call is None or (call_id and call.call_id and call_id != call.call_id):
            call = self._places[place] = _Call(call_id=call_id)
            self._calls.append(call)
        arguments = function.get("arguments") or ""
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        name = str(function.get("name") or "")
        self._grow(text + name)
        call.name += name
        call.arguments += text

    def _grow(self, text: str) -> None:
        self._size += len(text)
        if self._size > self.limit:
            raise PolicyError(f"the server sent more than {self.limit:,} characters for one message and was stopped")

    def _count(self, usage: object) -> None:
        if isinstance(usage, dict):
            counts = {key: usage.get(key) for key in ("prompt_tokens", "completion_tokens")}
            self.usage = {key: value for key, value in counts.items() if isinstance(value, int)}


def _error_text(error: object) -> str:
    """What an error object says, in at most 300 characters."""
    said = error.get("message", error) if isinstance(error, dict) else error
    return " ".join(str(said).split())[:300]


def error_text(body: str) -> str:
    """What an error answer's body says: its message where it is JSON, else its beginning."""
    try:
        value = json.loads(body)
    except (json.JSONDecodeError, RecursionError):
        return " ".join(body.split())[:300]
    inner = value.get("error", value.get("detail", value)) if isinstance(value, dict) else value
    return _error_text(inner)
