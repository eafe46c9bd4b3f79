"""How one message is answered, top to bottom: the state, the nodes in the order they run, the edges, the assistant.

    understand ── open_trajectory ── infer_aspects ── retrieve_memory ⇄ write_profile ── search_catalogue ── answer
        └─────────────────────────────── talk (why, compare, about me, small talk) ──────────────────────────┘

``Assistant.reply`` streams a turn's events to a person; ``Assistant.trajectory`` runs the same nodes for evaluation
and training and returns what happened. Left out here, on purpose: what the policy writes and how it is read
(``protocol``), what a message means (``dialogue``), the words of the answer (``reply``, ``talk``).
"""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal, TypedDict, cast

from langchain_core.runnables import RunnableConfig
from langgraph.channels import UntrackedValue
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from assistant import events, protocol
from assistant.catalogue.search import Catalogue, SearchResult
from assistant.context import MemorySetting, known_of_shopper, weighed_in_scenario
from assistant.dialogue import Conversation, Dialogue
from assistant.errors import AssistantError
from assistant.kinds import Kinds
from assistant.policy.base import Message, Policy
from assistant.policy.rules import RulesPolicy
from assistant.reply import CARDS, compose_answer
from assistant.talk import greet, talk
from assistant.tools import MemoryTool
from assistant.types import (
    Act,
    Event,
    GlobalAspect,
    ItemProfile,
    KindsNear,
    MemoryHit,
    MemoryRecalled,
    PolicyFellBack,
    ProfileWritten,
    Request,
    Searched,
    TextGenerated,
    TurnFailed,
    TurnStarted,
)
from assistant.writing import Writing
from memory_store.store import MemoryStore
from memory_store.types import LOCAL_LEVELS, Level


@dataclass(frozen=True, slots=True)
class TurnOptions:
    """How a turn uses memory. The defaults are the product; the rest are the experiment's settings and ablations.

    ``memory_of`` lends another user's memory (the shuffled control); only evaluation sets it. ``retry`` answers as
    if the conversation's last turn had not been.
    """

    memory: MemorySetting = "mrrec"
    levels: frozenset[Level] = LOCAL_LEVELS
    use_global: bool = True
    by_request: bool = False
    memory_of: str | None = None
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What a turn did, for evaluation and training. ``fallbacks`` names each message that the rules had to write."""

    request: Request
    messages: tuple[Message, ...]
    aspects: tuple[str, ...]
    hits: tuple[MemoryHit, ...]
    tool_calls: int
    profile: ItemProfile
    ranking: tuple[str, ...]
    memory_tokens: int
    weighed: tuple[GlobalAspect, ...]
    fallbacks: tuple[PolicyFellBack, ...]
    repairs: int


@dataclass(frozen=True, slots=True)
class TurnContext:
    """What a turn is run with. The policy sees none of it."""

    user_id: str
    turn_id: str
    options: TurnOptions
    policy: Policy
    started: float = field(default_factory=time.perf_counter)
    cancelled: threading.Event = field(default_factory=threading.Event)


class TurnState(TypedDict, total=False):
    """The state of the graph. ``conversation`` and ``before`` (it, a turn earlier) outlive the turn as plain values
    in its checkpoint (``Conversation.to_dict``), the rest do not."""

    conversation: dict[str, object]
    before: dict[str, object]
    message: Annotated[str, UntrackedValue]
    act: Annotated[Act, UntrackedValue]
    request: Annotated[Request, UntrackedValue]
    weighed: Annotated[tuple[GlobalAspect, ...], UntrackedValue]
    known: Annotated[str, UntrackedValue]
    kinds: Annotated[KindsNear, UntrackedValue]
    tool: Annotated[MemoryTool | None, UntrackedValue]
    messages: Annotated[tuple[Message, ...], UntrackedValue]
    scenario: Annotated[str, UntrackedValue]
    aspects: Annotated[tuple[str, ...], UntrackedValue]
    calls: Annotated[tuple[str, ...], UntrackedValue]
    tool_calls: Annotated[int, UntrackedValue]
    rounds: Annotated[int, UntrackedValue]
    hits: Annotated[tuple[MemoryHit, ...], UntrackedValue]
    profile: Annotated[ItemProfile | None, UntrackedValue]
    result: Annotated[SearchResult, UntrackedValue]
    fallbacks: Annotated[tuple[PolicyFellBack, ...], UntrackedValue]
    repairs: Annotated[int, UntrackedValue]


TurnRuntime = Runtime[TurnContext]


class Nodes:
    """The nodes of a turn. Each takes the state, emits events, and returns what it changed."""

    def __init__(self, memory: MemoryStore, catalogue: Catalogue, dialogue: Dialogue, rules: RulesPolicy) -> None:
        self._memory = memory
        self._catalogue = catalogue
        self._dialogue = dialogue
        self._rules = rules
        self._kinds = Kinds(catalogue, memory.embedder)

    def understand(self, state: TurnState, runtime: TurnRuntime) -> TurnState:
        """What the message does in the conversation, and the standing request after it."""
        context = runtime.context
        start = state.get("before") if context.options.retry else state.get("conversation")
        conversation = Conversation.from_dict(start)
        act, request = self._dialogue.read(state["message"], conversation)
        runtime.stream_writer(TurnStarted(context.turn_id, act, request, context.policy.name))
        kept = conversation.to_dict()
        return {"conversation": kept, "before": kept, "act": act, "request": request}

    def talk(self, state: TurnState, runtime: TurnRuntime) -> TurnState:
        """Answers what needs no search: why, compare, what is remembered, small talk, off-topic."""
        context = runtime.context
        user = self._memory.users.get(context.user_id)
        entries = self._memory.hierarchy.entries(context.user_id, limit=200)
        said = talk(state["act"], state["message"], Conversation.from_dict(state["conversation"]), user, entries)
        runtime.stream_writer(replace(said, turn_id=context.turn_id, seconds=time.perf_counter() - context.started))
        return {}

    def open_trajectory(self, state: TurnState, runtime: TurnRuntime) -> TurnState:
        """Recalls what buyers weigh in this scenario and opens the trajectory with it."""
        options, request = runtime.context.options, state["request"]
        user_id = options.memory_of or runtime.context.user_id
        weighed = weighed_in_scenario(self._memory, self._kinds, request.text) if options.use_global else ()
        own = request.recipient is None
        known = known_of_shopper(options.memory, self._memory, user_id) if own else ""
        levels = options.levels if options.memory == "mrrec" else frozenset()
        levels &= LOCAL_LEVELS if own else {Level.BEHAVIOUR}
        near = self._kinds.near(request.text, self._memory.hierarchy.kinds(user_id, levels) if own else ())
        tool = MemoryTool(
            self._memory, self._kinds, user_id, request, near, levels=levels, by_request=options.by_request
        )
        told = [aspect.text for aspect in weighed]
        messages = protocol.open_trajectory(request.text, weighed=told, kinds=near, known=known, tools=bool(levels))
        return {
            "weighed": weighed,
            "known": known,
            "kinds": near,
            "tool": tool if levels else None,
            "messages": tuple(messages),
            "hits": (),
            "tool_calls": 0,
            "rounds": 0,
            "fallbacks": (),
            "repairs": 0,
        }

    def infer_aspects(self, state: TurnState, runtime: TurnRuntime) -> TurnState:
        """The policy's first message: the scenario, its aspects, and the memories it asks for."""
        return self._write(state, runtime, first=True)

    def retrieve_memory(self, state: TurnState, runtime: TurnRuntime) -> TurnState:
        """Runs the calls of the policy's last message: one retrieval an aspect."""
        tool, messages, hits = cast(MemoryTool, state["tool"]), list(state["messages"]), list(state["hits"])
        started = time.perf_counter()
        found = tool.call(state["calls"], state["scenario"])
        seconds: float = (time.perf_counter() - started) / len(found)
        for aspect, recalled in zip(state["calls"], found, strict=True):
            runtime.stream_writer(MemoryRecalled(aspect, recalled, seconds))
            messages.append(Message("tool", protocol.write_result(aspect, recalled)))
            hits.extend(recalled)
        return {
            "messages": tuple(messages),
            "hits": tuple(hits),
            "tool_calls": state["tool_calls"] + len(found),
            "rounds": state["rounds"] + 1,
        }

    def write_profile(self, state: TurnState, runtime: TurnRuntime) -> TurnState:
        """The policy's next message: the ideal item profile, or more calls while rounds are left."""
        return self._write(state, runtime, first=False)

    def search_catalogue(self, state: TurnState, runtime: TurnRuntime) -> TurnState:
        """Ranks the catalogue by the ideal item profile, within the request's constraints."""
        started = time.perf_counter()
        request, text = state["request"], cast(ItemProfile, state["profile"]).text
        result = self._catalogue.search(text, constraints=request.constraints, exclude=request.excluded_item_ids)
        seconds = time.perf_counter() - started
        runtime.stream_writer(Searched(len(result.item_ids), result.filters, result.relaxed, seconds))
        return {"result": result}

    def answer(self, state: TurnState, runtime: TurnRuntime) -> TurnState:
        """The grounded answer, and the conversation as it stands after it."""
        context, request, result = runtime.context, state["request"], state["result"]
        items = list(self._catalogue.items.many(result.item_ids[:CARDS]).values())
        profile = cast(ItemProfile, state["profile"])
        composed = compose_answer(request, profile, items, state["hits"], result)
        said = replace(
            composed,
            turn_id=context.turn_id,
            memory_tokens=self.memory_tokens(state),
            seconds=time.perf_counter() - context.started,
        )
        runtime.stream_writer(said)
        return {"conversation": Conversation(request, said.recommendations, state["hits"]).to_dict()}

    def memory_tokens(self, state: TurnState) -> int:
        """Tokens of the shopper's memory in the prompt: what the tool returned, and what the prompt told (PAPER)."""
        texts = [*(hit.text for hit in state["hits"]), *filter(None, (state["known"],)), *state["kinds"].bought]
        return sum(self._memory.embedder.count_tokens(text) for text in texts)

    def _write(self, state: TurnState, runtime: TurnRuntime, *, first: bool) -> TurnState:
        """Has the policy write the trajectory's next message and takes in what it says."""
        context, started = runtime.context, time.perf_counter()
        writing = Writing(
            state["messages"],
            first=first,
            tools=state["tool"] is not None and state["rounds"] < protocol.MAX_ROUNDS,
            marks={hit.mark for hit in state["hits"]},
            weighed=state["weighed"],
            emit=runtime.stream_writer,
            cancelled=context.cancelled,
        )
        written = writing.by(context.policy, self._rules)
        said = written.message
        if said.profile is not None:
            runtime.stream_writer(ProfileWritten(said.profile, time.perf_counter() - started))
        changed: TurnState = {
            "messages": (*state["messages"], Message("assistant", written.text)),
            "calls": said.calls,
            "profile": said.profile,
            "repairs": state["repairs"] + written.repairs,
            "fallbacks": state["fallbacks"] + ((written.fallback,) if written.fallback else ()),
        }
        return {**changed, "scenario": said.scenario, "aspects": said.aspects} if first else changed


def build_graph(
    nodes: Nodes, checkpointer: SqliteSaver | None = None, *, answering: bool = True
) -> CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]:
    """The graph of a turn. A state that already holds a request starts at the trajectory (``Assistant.trajectory``);
    one that is not ``answering`` ends with the ranking."""
    graph = StateGraph(TurnState, context_schema=TurnContext)
    graph.add_node(nodes.understand)
    graph.add_node(nodes.talk)
    graph.add_node(nodes.open_trajectory)
    graph.add_node(nodes.infer_aspects)
    graph.add_node(nodes.retrieve_memory)
    graph.add_node(nodes.write_profile)
    graph.add_node(nodes.search_catalogue)
    graph.add_node(nodes.answer)

    graph.add_conditional_edges(START, _entry, ["understand", "open_trajectory"])
    graph.add_conditional_edges("understand", _talk_or_search, ["talk", "open_trajectory"])
    graph.add_edge("open_trajectory", "infer_aspects")
    graph.add_conditional_edges("infer_aspects", _recall_or_search, ["retrieve_memory", "search_catalogue"])
    graph.add_edge("retrieve_memory", "write_profile")
    graph.add_conditional_edges("write_profile", _recall_or_search, ["retrieve_memory", "search_catalogue"])
    graph.add_edge("search_catalogue", "answer" if answering else END)
    graph.add_edge("answer", END)
    graph.add_edge("talk", END)
    return graph.compile(checkpointer=checkpointer)


def _entry(state: TurnState) -> Literal["understand", "open_trajectory"]:
    return "open_trajectory" if state.get("request") else "understand"


def _talk_or_search(state: TurnState) -> Literal["talk", "open_trajectory"]:
    return "open_trajectory" if state["act"] in {Act.REQUEST, Act.REFINE, Act.MORE, Act.FOR_OTHER} else "talk"


def _recall_or_search(state: TurnState) -> Literal["retrieve_memory", "search_catalogue"]:
    return "search_catalogue" if state["profile"] is not None else "retrieve_memory"


class Assistant:
    """The assistant over one store: answers people (``reply``) and runs experiments (``trajectory``)."""

    def __init__(
        self, memory: MemoryStore, catalogue: Catalogue, policy: Policy, *, checkpoints: Path | None = None
    ) -> None:
        """``checkpoints``: the SQLite file that conversations are kept in; None keeps none (experiments)."""
        self.memory = memory
        self.catalogue = catalogue
        self.policy = policy
        self.dialogue = Dialogue(catalogue)
        self._nodes = nodes = Nodes(memory, catalogue, self.dialogue, RulesPolicy(memory.embedder))
        connection = None if checkpoints is None else sqlite3.connect(checkpoints, check_same_thread=False)
        self._saver = None if connection is None else SqliteSaver(connection)
        self._conversing = build_graph(nodes, self._saver)
        self._previewing = build_graph(nodes)
        self._ranking = build_graph(nodes, answering=False)

    def greeting(self, user_id: str) -> tuple[str, tuple[str, ...]]:
        """The first line of an empty conversation, and openers that fit the person."""
        return greet(self.memory.users.get(user_id), self.memory.behaviours.categories(user_id))

    def reply(self, user_id: str, session_id: str, message: str, options: TurnOptions | None = None) -> Iterator[Event]:
        """Answers one message of a person's conversation, event by event, and stores the turn.

        The last event is Answered or TurnFailed. Closing the iterator early stops the turn; what was seen of it is
        stored. Raises memory_store.errors.UnknownSession when the conversation is not this user's.
        """
        options = options or TurnOptions()
        turns = self.memory.sessions.turns(session_id, user_id)
        context = TurnContext(user_id, uuid.uuid4().hex[:12], options, self.policy)
        told: list[Event] = []
        try:
            for event in self._run(context, message, session_id):
                if not isinstance(event, TextGenerated):
                    told.append(event)
                yield event
        finally:
            context.cancelled.set()
            if options.retry and turns:
                self.memory.sessions.drop_turns(session_id, user_id, turns[-1].position)
            kept = [events.to_dict(event) for event in told]
            self.memory.sessions.add_turn(session_id, user_id, message, kept, turn_id=context.turn_id)

    def _run(self, context: TurnContext, message: str, thread_id: str) -> Iterator[Event]:
        config: RunnableConfig = {"configurable": {"thread_id": thread_id}}
        try:
            stream = self._conversing.stream(
                {"message": message}, config, context=context, stream_mode="custom", durability="exit"
            )
            yield from cast(Iterator[Event], stream)
        except AssistantError as error:
            yield TurnFailed(context.turn_id, str(error))

    def trajectory(
        self, user_id: str, request: Request, options: TurnOptions, policy: Policy | None = None
    ) -> Trajectory:
        """Runs the very nodes of a turn for a request, up to the ranking, outside any conversation."""
        context = TurnContext(user_id, "", options, policy or self.policy)
        state = cast(TurnState, self._ranking.invoke({"request": request, "act": Act.REQUEST}, context=context))
        return Trajectory(
            request=request,
            messages=state["messages"],
            aspects=state["aspects"],
            hits=state["hits"],
            tool_calls=state["tool_calls"],
            profile=cast(ItemProfile, state["profile"]),
            weighed=state["weighed"],
            ranking=state["result"].item_ids,
            memory_tokens=self._nodes.memory_tokens(state),
            fallbacks=state["fallbacks"],
            repairs=state["repairs"],
        )

    def preview(self, user_id: str, request: Request, options: TurnOptions) -> Iterator[Event]:
        """The events of a turn for a request outside any conversation; nothing is stored. Raises AssistantError."""
        context = TurnContext(user_id, "preview", options, self.policy)
        state: TurnState = {"request": request, "act": Act.REQUEST}
        yield from cast(Iterator[Event], self._previewing.stream(state, context=context, stream_mode="custom"))

    def forget_conversation(self, user_id: str, session_id: str) -> None:
        """Deletes a conversation: its turns and its checkpoints."""
        self.memory.sessions.delete(session_id, user_id)
        if self._saver is not None:
            self._saver.delete_thread(session_id)

    def close(self) -> None:
        if self._saver is not None:
            self._saver.conn.close()
        self.memory.close()
