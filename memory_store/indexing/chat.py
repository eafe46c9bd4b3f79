"""A client for any chat-completions server, for the writer: retries with growing waits, counts tokens and cost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from memory_store.indexing.base import WriterError

CHARACTERS_A_TOKEN = 4
"""To estimate tokens where a server does not count them."""
LONGEST_WAIT = 60.0
_BODY_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Usage:
    """What was spent: requests answered, requests tried again, tokens in and out, and the cost in the price's currency.

    ``estimated`` is True where some answer came without a token count.
    """

    requests: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    estimated: bool = False

    def __str__(self) -> str:
        about = "about " if self.estimated else ""
        cost = f", {about}{self.cost:.4f} in cost" if self.cost else ""
        return (
            f"{self.requests} requests ({self.retries} retried), {about}{self.prompt_tokens:,} tokens in and "
            f"{self.completion_tokens:,} out{cost}"
        )


class ChatClient:
    """Asks a chat-completions server. Safe to share between threads.

    ``url`` is the base that ``/chat/completions`` is put behind; prices are per million tokens.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key: str = "",
        timeout: float = 60.0,
        retries: int = 4,
        price_in: float = 0.0,
        price_out: float = 0.0,
        first_wait: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.model = model
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._retries, self._first_wait, self._sleep = retries, first_wait, sleep
        self._price_in, self._price_out = price_in, price_out
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(timeout=timeout, headers=headers)
        self._usage, self._lock = Usage(), threading.Lock()

    @property
    def usage(self) -> Usage:
        """What was spent so far."""
        return self._usage

    def ask(self, messages: Sequence[dict[str, str]]) -> str:
        """The server's answer to the messages (role and content each), at temperature 0.

        Raises WriterError if the server refuses, or does not answer after all retries.
        """
        body = {"model": self.model, "messages": list(messages), "temperature": 0.0, "stream": False}
        problem = ""
        for attempt in range(self._retries + 1):
            if attempt:
                self._count(retries=1)
            try:
                response = self._http.post(self._url, json=body)
            except httpx.TransportError as error:
                problem, wait = f"{type(error).__name__}: {error}", None
            else:
                if response.status_code == httpx.codes.OK:
                    return self._read(response, messages)
                problem, wait = f"status {response.status_code}: {response.text[:_BODY_SHOWN]}", _asked_wait(response)
                if response.status_code != httpx.codes.TOO_MANY_REQUESTS and response.status_code < 500:
                    raise WriterError(f"{self._url} refused model {self.model!r}: {problem}. Check URL, model and key.")
            if attempt < self._retries:
                self._sleep(min(LONGEST_WAIT, wait if wait is not None else self._first_wait * 2**attempt))
        raise WriterError(
            f"{self._url} did not answer after {self._retries + 1} tries ({problem}). "
            "What is written so far is kept: start again when the server is well."
        )

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def _read(self, response: httpx.Response, messages: Sequence[dict[str, str]]) -> str:
        try:
            answer: Any = response.json()
            content = answer["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError):
            raise WriterError(
                f"{self._url} does not answer as a chat-completions server: {response.text[:_BODY_SHOWN]!r}"
            ) from None
        text = content if isinstance(content, str) else ""
        counts = answer.get("usage") or {}
        tokens_in, tokens_out = counts.get("prompt_tokens"), counts.get("completion_tokens")
        if isinstance(tokens_in, int) and isinstance(tokens_out, int):
            self._count(1, tokens_in, tokens_out)
        else:
            asked = sum(len(message["content"]) for message in messages)
            self._count(1, asked // CHARACTERS_A_TOKEN, len(text) // CHARACTERS_A_TOKEN, estimated=True)
        return text

    def _count(
        self, requests: int = 0, tokens_in: int = 0, tokens_out: int = 0, *, retries: int = 0, estimated: bool = False
    ) -> None:
        with self._lock:
            spent = self._usage
            self._usage = Usage(
                spent.requests + requests,
                spent.retries + retries,
                spent.prompt_tokens + tokens_in,
                spent.completion_tokens + tokens_out,
                spent.cost + (tokens_in * self._price_in + tokens_out * self._price_out) / 1_000_000,
                spent.estimated or estimated,
            )


def _asked_wait(response: httpx.Response) -> float | None:
    """The seconds that the server asks to wait, None where it does not say."""
    try:
        return max(0.0, float(response.headers.get("retry-after", "")))
    except ValueError:
        return None
