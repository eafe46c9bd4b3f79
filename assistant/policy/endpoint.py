"""A policy on any server that speaks OpenAI's chat completions: Ollama, vLLM, llama.cpp, a hosted one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from assistant.errors import PolicyError, SettingsError
from assistant.policy.base import Conversation, write_text
from assistant.policy.wire import Answer, error_text, sse_lines, wire_messages
from assistant.protocol import MEMORY_TOOL

MAX_NEW_TOKENS = 768
MAX_CHARACTERS = 32_000
MAX_BODY = 1_000_000
ATTEMPTS = 3
LONGEST_WAIT = 10.0
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_OPTIONAL = ("stream_options", "tool_choice", "temperature")


@dataclass(slots=True)
class Usage:
    """What was asked of the server so far; tokens are counted where the server tells them."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class EndpointPolicy:
    """Writes with a model that a server runs; streams, and hangs up when the reader stops.

    ``url``: the base that ``/chat/completions`` is appended to. ``key``: sent as a bearer token, never shown.
    ``timeout``: seconds for a whole message, retries included; ``first_timeout`` for its first piece (the same
    where not given); ``connect_timeout`` to reach the server. A request that the server turns away for the moment
    (busy, restarting) is tried three times. ``usage`` counts over the policy's life. Threads may write at once.
    Raises SettingsError when url or key cannot be used at all.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key: str = "",
        timeout: float = 60.0,
        first_timeout: float | None = None,
        connect_timeout: float = 5.0,
        max_new_tokens: int = MAX_NEW_TOKENS,
        temperature: float = 0.0,
        concurrency: int = 8,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        address = _address(url)
        if not model:
            raise SettingsError("MRREC_ENDPOINT_MODEL is empty: name a model that the server has")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise SettingsError("MRREC_ENDPOINT_KEY holds characters that no key has: check what was pasted")
        self.name = f"endpoint {model}"
        self.model = model
        self.usage = Usage()
        self._key = key
        self._address = address
        self._timeout = timeout
        self._first_timeout = min(first_timeout or timeout, timeout)
        self._max_new_tokens = max_new_tokens
        self._temperature = temperature
        self._concurrency = concurrency
        self._sleep = sleep
        self._lock = threading.Lock()
        self._unwanted: set[str] = set()
        local = address.host in ("localhost", "127.0.0.1", "::1")
        self._client = httpx.Client(
            headers={"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {key}"} if key else {}),
            timeout=httpx.Timeout(self._first_timeout, connect=min(connect_timeout, timeout)),
            trust_env=not local,
            limits=httpx.Limits(max_keepalive_connections=0),  # a server may close an idle one at any moment
        )

    def write(self, messages: Conversation, *, tools: bool) -> Iterator[str]:
        """Stream the next assistant message; structured tool calls come as trajectory text at its end."""
        deadline = time.monotonic() + self._timeout
        answer = Answer(MAX_CHARACTERS)
        try:
            with self._naming_failures(), self._open(messages, tools, deadline) as response:
                yield from self._pieces(response, answer, deadline)
        finally:
            self._count(answer.usage)

    def write_batch(self, conversations: Sequence[Conversation], *, tools: Sequence[bool]) -> list[str]:
        """The next assistant message of each conversation, a bounded number at once. The first failure is raised."""
        pool = ThreadPoolExecutor(max_workers=self._concurrency, thread_name_prefix="endpoint")
        try:
            pairs = zip(conversations, tools, strict=True)
            running = [pool.submit(write_text, self, messages, tools=offered) for messages, offered in pairs]
            return [future.result() for future in running]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _pieces(self, response: httpx.Response, answer: Answer, deadline: float) -> Iterator[str]:
        """The text pieces of an accepted answer, streamed or whole."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/json":
            yield answer.read(_body(response))
        elif kind == "text/event-stream":
            yield from self._streamed(response, answer, deadline)
        else:
            raise PolicyError(
                f"it answered {kind or 'no content type'} instead of chat completions; {self._url_hint()}"
            )
        yield answer.finish()

    def _streamed(self, response: httpx.Response, answer: Answer, deadline: float) -> Iterator[str]:
        first_deadline = time.monotonic() + self._first_timeout
        for payload in sse_lines(self._on_time(response.iter_bytes(), answer, first_deadline, deadline)):
            if payload == "[DONE]":
                answer.finished = True
                return
            if piece := answer.read(payload):
                yield piece
        if not answer.finished:
            raise PolicyError("the stream was cut before the answer was finished: look at the server's log")

    def _on_time(
        self, chunks: Iterator[bytes], answer: Answer, first_deadline: float, deadline: float
    ) -> Iterator[bytes]:
        """The chunks, as long as time lasts: signs of life alone do not count as a first piece."""
        for chunk in chunks:
            now = time.monotonic()
            if now > deadline:
                raise PolicyError(f"the answer took longer than {self._timeout:g} s: {_SLOW}")
            if now > first_deadline and not answer.started:
                raise PolicyError(f"nothing was written within {self._first_timeout:g} s: {_SLOW}")
            yield chunk

    @contextmanager
    def _open(self, messages: Conversation, tools: bool, deadline: float) -> Iterator[httpx.Response]:
        """An accepted answer. Tries again where the server is busy, or did not want an optional parameter."""
        attempt = 1
        while True:
            body = self._body(messages, tools)
            self._count({"requests": 1})
            with self._client.stream("POST", self._address, json=body) as response:
                if response.status_code == 200:
                    yield response
                    return
                said = self._redact(error_text(_body(response)))
            if response.status_code in (400, 422) and self._adapt(body, said):
                continue
            wait = _wait(response, attempt)
            last = attempt == ATTEMPTS or time.monotonic() + wait > deadline
            if response.status_code not in _PASSING or last:
                raise PolicyError(self._refusal(response, said))
            attempt += 1
            self._sleep(wait)

    def _body(self, messages: Conversation, tools: bool) -> dict[str, Any]:
        """The request. Once the tool was used it stays listed, as servers want, and may then be closed."""
        limit = "max_completion_tokens" if "max_tokens" in self._unwanted else "max_tokens"
        body: dict[str, Any] = {
            "model": self.model,
            "messages": wire_messages(messages),
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": self._temperature,
            limit: self._max_new_tokens,
        }
        if tools or any(message.role == "tool" for message in messages):
            body["tools"] = [MEMORY_TOOL]
            body["tool_choice"] = "auto" if tools else "none"
        return {key: value for key, value in body.items() if key not in self._unwanted}

    def _adapt(self, body: dict[str, Any], said: str) -> bool:
        """Learn from a refusal which parameter this server does not take; True when the request can change."""
        unwanted = next((key for key in ("max_tokens", *_OPTIONAL) if key in body and key in said), None)
        if unwanted is None:
            return False
        with self._lock:
            self._unwanted.add(unwanted)
        return True

    def _refusal(self, response: httpx.Response, said: str) -> str:
        """What a refused request means and what to do about it."""
        status = response.status_code
        if status in (401, 403):
            advice = "set MRREC_ENDPOINT_KEY to a key that this server accepts"
        elif status == 404:
            advice = (
                f"either {self._url_hint()}, or it lacks {self.model!r}: set MRREC_ENDPOINT_MODEL, or fetch it there"
            )
        elif status == 429:
            advice = "the server limits how much may be asked: wait, or raise the limit there"
        elif 300 <= status < 400:
            advice = (
                f"it points elsewhere ({response.headers.get('location', '?')[:200]}): set MRREC_ENDPOINT_URL to that"
            )
        elif "tool" in said.lower():
            advice = "set MRREC_ENDPOINT_MODEL to a model that can call tools, or turn the server's tool calls on"
        elif status >= 500:
            advice = "look at the server's log"
        else:
            advice = "the server does not take this request: check MRREC_ENDPOINT_MODEL and its context length"
        return f"it answered {status} ({said or 'no reason given'}); {advice}"

    @contextmanager
    def _naming_failures(self) -> Iterator[None]:
        """Every failure becomes a PolicyError that names the server and says what to do; none shows the key."""
        where = f"the policy's server {self._shown_address()}"
        try:
            yield
        except PolicyError as error:
            raise PolicyError(self._redact(f"{where}: {error}")) from error
        except httpx.ConnectTimeout as error:
            raise PolicyError(f"{where} could not be reached in time: {self._url_hint()}") from error
        except httpx.TimeoutException as error:
            raise PolicyError(f"{where} was silent for {self._first_timeout:g} s: {_SLOW}") from error
        except httpx.ConnectError as error:
            raise PolicyError(f"{where} cannot be reached ({error}): start it, or {self._url_hint()}") from error
        except httpx.HTTPError as error:
            raise PolicyError(f"{where} cut the connection ({type(error).__name__}): look at its log") from error

    def _count(self, counts: dict[str, int]) -> None:
        with self._lock:
            for name, count in counts.items():
                setattr(self.usage, name, getattr(self.usage, name) + count)

    def _redact(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text

    def _shown_address(self) -> str:
        return str(self._address.copy_with(username=None, password=None))

    def _url_hint(self) -> str:
        return "MRREC_ENDPOINT_URL must be the base of its chat-completions API (mostly it ends in /v1)"


_SLOW = "raise MRREC_ENDPOINT_TIMEOUT, or choose a faster model"


def _address(url: str) -> httpx.URL:
    """The chat-completions address under a base URL. Raises SettingsError when it is none."""
    base = url.strip().rstrip("/").removesuffix("/chat/completions")
    try:
        address = httpx.URL(f"{base}/chat/completions")
    except httpx.InvalidURL as error:
        raise SettingsError(f"MRREC_ENDPOINT_URL is no web address ({error}); {_EXAMPLE}") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise SettingsError(f"MRREC_ENDPOINT_URL is no http or https address; {_EXAMPLE}")
    return address


_EXAMPLE = "an example: http://127.0.0.1:11434/v1"


def _body(response: httpx.Response) -> str:
    """A whole answer as text. Raises PolicyError when it is unreasonably long."""
    content = b""
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MAX_BODY:
            raise PolicyError(f"it sent more than {MAX_BODY:,} bytes and was stopped")
    return content.decode("utf-8", "replace")


def _wait(response: httpx.Response, attempt: int) -> float:
    """Seconds until the next attempt: what the server asks for, within reason, else half a second and then more."""
    asked = response.headers.get("retry-after", "")
    return min(float(asked), LONGEST_WAIT) if asked.isdigit() else 0.25 * 2**attempt
