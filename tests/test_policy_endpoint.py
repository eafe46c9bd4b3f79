"""The policy on a chat-completions server, against scripted servers that behave as the real ones do."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import pytest

from assistant.errors import PolicyError, SettingsError
from assistant.policy.base import Message, write_text
from assistant.policy.endpoint import EndpointPolicy
from assistant.policy.wire import ThinkFilter, wire_messages
from assistant.protocol import read_message, write_call
from tests.scripted_server import Reply, Server, handler

ASK = [Message("system", "You help a shopper."), Message("user", "trail shoes for wet ground")]
OPENING = "<scenario>Wet ground</scenario>\n<aspects>grip; width</aspects>"
ANSWER = '{"ideal_item_profile": "trail shoes", "useful_memory_ids": []}'
KEY = "sk-very-secret"


Serve = Callable[[list[Reply] | Callable[[dict[str, Any]], Reply]], Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[ThreadingHTTPServer] = []

    def start(script: list[Reply] | Callable[[dict[str, Any]], Reply]) -> Server:
        server = Server(script)
        http = ThreadingHTTPServer(("127.0.0.1", 0), handler(server))
        http.daemon_threads = True
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        server.url = f"http://127.0.0.1:{http.server_port}/v1"
        running.append(http)
        return server

    yield start
    for http in running:
        http.shutdown()
        http.server_close()


def event(value: object) -> bytes:
    return f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode()


def delta(**parts: object) -> bytes:
    return event({"choices": [{"index": 0, "delta": parts, "finish_reason": None}]})


def end(reason: str = "stop") -> list[bytes]:
    usage = {"prompt_tokens": 40, "completion_tokens": 7, "total_tokens": 47}
    last = event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    return [last, event({"choices": [], "usage": usage}), event("[DONE]")]


def say(text: str, size: int = 5) -> Reply:
    return Reply([delta(content=text[at : at + size]) for at in range(0, len(text), size)] + end())


def fragment(index: int, call_id: str | None, name: str | None, arguments: object) -> dict[str, object]:
    function = {"name": name, "arguments": arguments} if name else {"arguments": arguments}
    return {"index": index, "function": function} | ({"id": call_id, "type": "function"} if call_id else {})


def policy(server: Server, **options: Any) -> EndpointPolicy:
    return EndpointPolicy(server.url, "qwen2.5:3b", key=KEY, sleep=lambda _: None, **options)


def failure(server: Server, **options: Any) -> str:
    with pytest.raises(PolicyError) as caught:
        write_text(policy(server, **options), ASK, tools=True)
    assert server.url in str(caught.value)
    assert KEY not in str(caught.value)
    return str(caught.value)


def test_text_is_streamed_and_counted(serve: Serve) -> None:
    server = serve([say(ANSWER)])
    speaking = policy(server)
    pieces = list(speaking.write(ASK, tools=False))
    assert "".join(pieces) == ANSWER and len(pieces) > 5
    usage = speaking.usage
    assert (usage.requests, usage.prompt_tokens, usage.completion_tokens) == (1, 40, 7)
    [sent] = server.requests
    assert sent["path"] == "/v1/chat/completions" and sent["model"] == "qwen2.5:3b" and sent["stream"] is True
    assert sent["max_tokens"] == 768 and sent["temperature"] == 0 and "tools" not in sent
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_tool_schema_is_offered_and_closed(serve: Serve) -> None:
    server = serve([say(ANSWER)] * 3)
    speaking = policy(server)
    after = [*ASK, Message("assistant", write_call("grip")), Message("tool", "grip\nnothing found")]
    write_text(speaking, ASK, tools=True)
    write_text(speaking, after, tools=False)
    write_text(speaking, ASK, tools=False)
    first, second, third = server.requests
    assert first["tools"][0]["function"]["name"] == "memory_retrieval_tool" and first["tool_choice"] == "auto"
    assert second["tools"] == first["tools"] and second["tool_choice"] == "none"
    assert "tools" not in third and "tool_choice" not in third


HOSTED = [
    delta(role="assistant", content=OPENING),
    delta(tool_calls=[fragment(0, "call_1", "memory_retrieval_tool", "")]),
    delta(tool_calls=[fragment(0, None, None, '{"asp')]),
    delta(tool_calls=[fragment(0, None, None, 'ect":"grip"}')]),
    delta(tool_calls=[fragment(1, "call_2", "memory_retrieval_tool", '{"aspect": "width"}')]),
]
OLLAMA = [
    delta(role="assistant", content=OPENING),
    delta(tool_calls=[fragment(0, "call_a", "memory_retrieval_tool", '{"aspect":"grip"}')]),
    delta(tool_calls=[fragment(0, "call_b", "memory_retrieval_tool", '{"aspect":"width"}')]),
]
OBJECTS = [
    delta(content=OPENING),
    delta(tool_calls=[fragment(0, "x", "memory_retrieval_tool", {"aspect": "grip"})]),
    delta(tool_calls=[fragment(1, "y", "memory_retrieval_tool", {"aspect": "width"})]),
]
AS_TEXT = [delta(content=f"{OPENING}\n{write_call('grip')}\n"), delta(content=write_call("width"))]


@pytest.mark.parametrize("pieces", [HOSTED, OLLAMA, OBJECTS, AS_TEXT], ids=["hosted", "ollama", "objects", "text"])
def test_every_kind_of_tool_call_becomes_the_same_trajectory_text(serve: Serve, pieces: list[bytes]) -> None:
    text = write_text(policy(serve([Reply(pieces + end("tool_calls"))])), ASK, tools=True)
    assert text == f"{OPENING}\n{write_call('grip')}\n{write_call('width')}"
    assert read_message(text, first=True, tools=True).calls == ("grip", "width")


def test_arguments_that_are_no_json_are_left_to_the_reader(serve: Serve) -> None:
    call = delta(tool_calls=[fragment(0, "x", "memory_retrieval_tool", '{"aspect": ')])
    text = write_text(policy(serve([Reply([call, *end()])])), ASK, tools=True)
    assert text == '<tool_call>\n{"name": "memory_retrieval_tool", "arguments": {"aspect": }\n</tool_call>'


def test_history_is_sent_with_structured_calls_and_matching_ids() -> None:
    calls = f"{OPENING}\n{write_call('grip')}\n{write_call('width')}\n{write_call('weight')}"
    results = [Message("tool", "grip\nm1 [pattern] Wide."), Message("tool", "width\nnothing found")]
    sent = wire_messages([*ASK, Message("assistant", calls), *results, Message("assistant", ANSWER)])
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "tool", "tool", "assistant"]
    made = sent[2]["tool_calls"]
    assert sent[2]["content"] == OPENING
    assert [json.loads(call["function"]["arguments"])["aspect"] for call in made] == ["grip", "width"]
    assert [call["id"] for call in made] == [message["tool_call_id"] for message in sent[3:5]]
    assert all(len(call["id"]) == 9 and call["id"].isalnum() for call in made)
    assert sent[5] == {"role": "assistant", "content": ANSWER}


def test_calls_that_were_not_answered_stay_text_and_stray_results_are_the_users() -> None:
    broken = "<tool_call>\n{oops\n</tool_call>"
    sent = wire_messages([Message("assistant", write_call("grip")), Message("user", "again"), Message("tool", "grip")])
    assert sent[0] == {"role": "assistant", "content": write_call("grip")}
    assert sent[2] == {"role": "user", "content": "<tool_response>\ngrip\n</tool_response>"}
    assert wire_messages([Message("assistant", broken), Message("tool", "x")])[0]["content"] == broken


def test_lone_surrogates_can_be_sent(serve: Serve) -> None:
    server = serve([say(ANSWER)])
    write_text(policy(server), [Message("user", "shoes \ud800")], tools=False)
    assert server.requests[0]["messages"][0]["content"] == "shoes ?"


@pytest.mark.parametrize("size", [1, 3, 100])
def test_thoughts_are_dropped(serve: Serve, size: int) -> None:
    reply = say(f"<think>a < b, </thin, <tool_call></think>\n{ANSWER}", size)
    reply.pieces.insert(0, delta(reasoning_content="hm"))
    assert write_text(policy(serve([reply])), ASK, tools=False).strip() == ANSWER


def test_angle_brackets_that_are_no_thoughts_stay() -> None:
    keep = ThinkFilter()
    assert keep.push("a <th") + keep.push("ree> b <t") + keep.finish() == "a <three> b <t"


def test_whole_answers_are_read_too(serve: Serve) -> None:
    call = {"id": "x", "function": {"name": "memory_retrieval_tool", "arguments": '{"aspect": "grip"}'}}
    message = {"role": "assistant", "content": OPENING, "tool_calls": [call]}
    body = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}
    speaking = policy(serve([Reply([json.dumps(body).encode()], kind="application/json; charset=utf-8")]))
    assert write_text(speaking, ASK, tools=True) == f"{OPENING}\n{write_call('grip')}"
    assert speaking.usage.prompt_tokens == 3


def test_comments_split_lines_and_split_characters_are_read(serve: Serve) -> None:
    whole = b": ping\n\n" + delta(content="größe") + b"event: x\n" + b"".join(end())
    whole = whole.replace(b"gr\\u00f6\\u00dfe", "größe".encode()).replace(b"\n\n", b"\r\n\r\n")
    reply = Reply([whole[at : at + 3] for at in range(0, len(whole), 3)])
    assert write_text(policy(serve([reply])), ASK, tools=False) == "größe"


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, {"error": {"message": f"bad key {KEY}"}}, "401 (bad key ***); set MRREC_ENDPOINT_KEY"),
        (403, {"error": "no"}, "set MRREC_ENDPOINT_KEY"),
        (404, {"error": {"message": "model not found"}}, "set MRREC_ENDPOINT_MODEL"),
        (400, {"error": {"message": "qwen does not support tools"}}, "a model that can call tools"),
        (400, {"error": {"message": "maximum context length"}}, "context length"),
        (422, {"detail": "bad"}, "422 (bad)"),
        (429, {"error": {"message": "slow down"}}, "limits how much may be asked"),
        (500, {"error": {"message": "boom"}}, "look at the server's log"),
        (503, {}, "look at the server's log"),
    ],
)
def test_refusals_say_what_to_do(serve: Serve, status: int, body: object, says: str) -> None:
    server = serve([Reply([json.dumps(body).encode()], status=status, kind="application/json")] * 3)
    assert says in failure(server)
    assert len(server.requests) == (3 if status in (429, 500, 503) else 1)


def test_redirects_are_told_and_not_followed(serve: Serve) -> None:
    server = serve([Reply(status=307, headers={"Location": "https://elsewhere.example/v1"})])
    assert "https://elsewhere.example/v1" in failure(server)


def test_busy_servers_are_asked_again_as_they_wish(serve: Serve) -> None:
    busy = Reply([b"{}"], status=429, headers={"Retry-After": "3"})
    waits: list[float] = []
    server = serve([busy, Reply([b"oops"], status=502), say(ANSWER)])
    patient = EndpointPolicy(server.url, "m", sleep=waits.append)
    assert write_text(patient, ASK, tools=False) == ANSWER
    assert waits == [3.0, 1.0] and patient.usage.requests == 3


def test_busy_servers_are_not_waited_for_beyond_the_timeout(serve: Serve) -> None:
    server = serve([Reply([b"{}"], status=429, headers={"Retry-After": "9"})])
    assert "429" in failure(server, timeout=2.0)


def test_parameters_that_a_server_does_not_take_are_left_out(serve: Serve) -> None:
    def picky(body: dict[str, Any]) -> Reply:
        for key in ("max_tokens", "temperature", "stream_options"):
            if key in body:
                said = {"error": {"message": f"Unsupported parameter: '{key}'"}}
                return Reply([json.dumps(said).encode()], status=400, kind="application/json")
        return say(ANSWER)

    server = serve(picky)
    speaking = policy(server)
    assert write_text(speaking, ASK, tools=True) == ANSWER
    assert write_text(speaking, ASK, tools=True) == ANSWER
    assert len(server.requests) == 5 and server.requests[-1]["max_completion_tokens"] == 768


HTML = Reply([b"<html>hello</html>"], kind="text/html")


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (HTML, "answered text/html instead of chat completions; MRREC_ENDPOINT_URL must be the base"),
        (Reply([b"not json"], kind="application/json"), "something other than JSON"),
        (Reply([event("{broken")]), "something other than JSON"),
        (Reply([event("[1]")]), "no chat-completions chunk"),
        (Reply([event({"choices": 3})]), "no chat-completions chunk"),
        (Reply([event({"choices": [{"delta": 3}]})]), "delta is no object"),
        (Reply([delta(content=[1])]), "content that is no text"),
        (Reply([delta(tool_calls=[3])]), "tool call without a function"),
        (Reply([event("[" * 100_000)]), "something other than JSON"),
        (Reply([event({"error": {"message": f"out of memory {KEY}"}})]), "broke off: out of memory ***"),
        (Reply([delta(refusal="I will not")]), "refused: I will not"),
        (Reply([delta(content="a"), *end("content_filter")]), "content filter"),
        (Reply([delta(content="half")]), "the stream was cut"),
        (Reply([delta(content="half")], cut=True), "cut the connection"),
        (Reply(end()), "an empty message"),
        (Reply([delta(reasoning_content="hm"), *end("length")]), "only thought"),
        (Reply([delta(content="<think>hm"), *end("length")]), "only thought"),
        (Reply([delta(content="hm</think> answer"), *end()]), "reasoning as if it were the answer"),
        (Reply([delta(content="x" * 20_000)] * 2), "more than 32,000 characters"),
        (Reply([delta(reasoning_content="x" * 20_000)] * 2), "more than 32,000 characters"),
        (Reply([b"data: " + b"x" * 600_000] * 2), "a line of more than 1,000,000 bytes"),
        (Reply([b"x" * 600_000] * 2, kind="application/json"), "more than 1,000,000 bytes"),
    ],
)
def test_answers_that_are_none_are_clear_errors(serve: Serve, reply: Reply, says: str) -> None:
    assert says in failure(serve([reply]))


def test_silence_is_bounded(serve: Serve) -> None:
    slow = Reply([delta(content="a"), *end()], pause=1.0)
    assert "silent for 0.2 s: raise MRREC_ENDPOINT_TIMEOUT" in failure(serve([slow]), first_timeout=0.2)


def test_signs_of_life_are_not_a_first_piece(serve: Serve) -> None:
    pinging = Reply([b": ping\n\n"] * 40, pause=0.05)
    assert "nothing was written within 0.3 s" in failure(serve([pinging]), first_timeout=0.3)


def test_the_whole_answer_is_bounded_in_time(serve: Serve) -> None:
    trickle = Reply([delta(content="a")] * 40, pause=0.05)
    assert "longer than 0.3 s" in failure(serve([trickle]), timeout=0.3)


def test_no_server_is_named(serve: Serve) -> None:
    with pytest.raises(PolicyError, match=r"http://127\.0\.0\.1:1/v1/chat/completions cannot be reached.*start it"):
        write_text(EndpointPolicy("http://127.0.0.1:1/v1", "m"), ASK, tools=True)


def test_stopping_hangs_up(serve: Serve) -> None:
    server = serve([Reply([delta(content="a" * 500)] * 200, pause=0.01)])
    stream = policy(server).write(ASK, tools=True)
    next(stream)
    del stream
    assert server.hung_up.wait(3)


def test_batches_run_at_once_bounded_and_in_order(serve: Serve) -> None:
    lock, busy, most = threading.Lock(), 0, 0

    def echo(body: dict[str, Any]) -> Reply:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.05)
        with lock:
            busy -= 1
        return say(body["messages"][-1]["content"])

    server = serve(echo)
    speaking = policy(server, concurrency=4)
    asked = [[Message("user", f"request {number}")] for number in range(12)]
    assert speaking.write_batch(asked, tools=[False] * 12) == [f"request {number}" for number in range(12)]
    assert 2 <= most <= 4
    assert speaking.usage.requests == 12 and speaking.usage.completion_tokens == 84


def test_a_failure_in_a_batch_is_raised(serve: Serve) -> None:
    def second_fails(body: dict[str, Any]) -> Reply:
        failing = body["messages"][-1]["content"] == "1"
        return Reply([b"{}"], status=404) if failing else say(ANSWER)

    asked = [[Message("user", str(number))] for number in range(4)]
    with pytest.raises(PolicyError, match="answered 404"):
        policy(serve(second_fails)).write_batch(asked, tools=[False] * 4)


@pytest.mark.parametrize("url", ["", "localhost:11434", "ftp://host/v1", "http://", "http://[::1"])
def test_urls_that_are_none_are_named(url: str) -> None:
    with pytest.raises(SettingsError, match="MRREC_ENDPOINT_URL"):
        EndpointPolicy(url, "m")


def test_settings_that_cannot_be_sent_are_named_without_the_key() -> None:
    with pytest.raises(SettingsError, match="MRREC_ENDPOINT_MODEL"):
        EndpointPolicy("http://127.0.0.1/v1", "")
    with pytest.raises(SettingsError, match="MRREC_ENDPOINT_KEY") as caught:
        EndpointPolicy("http://127.0.0.1/v1", "m", key="sk\nsecret")
    assert "secret" not in str(caught.value)


def test_passwords_in_the_url_are_not_shown() -> None:
    with pytest.raises(PolicyError) as caught:
        write_text(EndpointPolicy("http://me:hush@127.0.0.1:1/v1", "m"), ASK, tools=False)
    assert "hush" not in str(caught.value)
