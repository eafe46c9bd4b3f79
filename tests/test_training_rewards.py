"""The reward: the paper's formula, evaluation's own metric, and what malformed text is worth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from assistant import protocol
from assistant.datasets.rows import RequestRow
from assistant.evaluation.metrics import ndcg, quality, ranks_of
from assistant.policy.base import Conversation, ScriptedPolicy
from assistant.policy.checkpoint import CheckpointPolicy
from assistant.policy.generation import Guide
from assistant.policy.rules import RulesPolicy
from assistant.policy.tokens import ChatTokens, Transcript
from assistant.training.config import RewardConfig
from assistant.training.rewards import Reward, reward_of, score, shuffled_in_groups
from assistant.training.rollout import Job, Limits, Rollout, play
from assistant.turn import Assistant, TurnOptions
from memory_store.embedding import Embedder
from tests.small_world import ADA, requests
from tests.tiny_models import tiny_model, tiny_tokenizer

PAPER = RewardConfig()
OPENING = "<scenario>Choosing shampoo</scenario>\n<aspects>scent</aspects>\n"
CALL = protocol.write_call("scent")
ANSWER = '{"ideal_item_profile": "fragrance-free shampoo", "useful_memory_ids": []}'
ROWS = [RequestRow(**{**row, "target_item_ids": tuple(row["target_item_ids"])}) for row in requests()]  # type: ignore[arg-type]

MALFORMED_FIRST = {
    "empty": "",
    "blank": "  \n ",
    "prose": "Sure, I can help you find a shampoo!",
    "only a scenario": "<scenario>Choosing shampoo</scenario>",
    "only aspects": "<aspects>scent</aspects>",
    "aspects before the scenario": "<aspects>scent</aspects>\n<scenario>x</scenario>\n" + CALL,
    "empty scenario": "<scenario> </scenario>\n<aspects>scent</aspects>\n" + CALL,
    "no aspect": "<scenario>x</scenario>\n<aspects> ; </aspects>\n" + CALL,
    "seven aspects": "<scenario>x</scenario>\n<aspects>a;b;c;d;e;f;g</aspects>\n" + CALL,
    "endless scenario": f"<scenario>{'x' * 201}</scenario>\n<aspects>scent</aspects>\n" + CALL,
    "endless aspect": f"<scenario>x</scenario>\n<aspects>{'y' * 81}</aspects>\n" + CALL,
    "unclosed scenario": "<scenario>Choosing shampoo\n<aspects>scent</aspects>\n" + CALL,
    "thinking before": "<think>hm</think>\n" + OPENING + CALL,
    "nothing after the opening": OPENING,
    "five calls": OPENING + "\n".join([CALL] * 5),
    "an unclosed call": OPENING + CALL.removesuffix("</tool_call>"),
    "a call that is no JSON": OPENING + "<tool_call>\nscent\n</tool_call>",
    "another tool": OPENING + CALL.replace("memory_retrieval_tool", "buy"),
    "no arguments": OPENING + '<tool_call>\n{"name": "memory_retrieval_tool"}\n</tool_call>',
    "arguments of another kind": OPENING + CALL.replace('{"aspect": "scent"}', '"scent"'),
    "an empty aspect": OPENING + CALL.replace('"aspect": "scent"', '"aspect": ""'),
    "a user named in the call": OPENING + CALL.replace('"aspect": "scent"', '"aspect": "scent", "user_id": "bo"'),
    "words among the calls": OPENING + CALL + "\nand then\n" + CALL,
    "calls and an answer": OPENING + CALL + "\n" + ANSWER,
}
MALFORMED_LAST = {
    "prose": "Here is your shampoo.",
    "boxed": "\\boxed{" + ANSWER + "}",
    "fenced": f"```json\n{ANSWER}\n```",
    "a list": f"[{ANSWER}]",
    "cut off": ANSWER[:-5],
    "another key": ANSWER.replace("ideal_item_profile", "profile"),
    "a key too many": ANSWER.replace("}", ', "why": "x"}'),
    "a key twice": ANSWER.replace("}", ', "useful_memory_ids": []}'),
    "an empty profile": ANSWER.replace("fragrance-free shampoo", " "),
    "a profile that is a number": ANSWER.replace('"fragrance-free shampoo"', "5"),
    "an endless profile": ANSWER.replace("fragrance-free", "x" * 1501),
    "ids that are no list": ANSWER.replace("[]", '"m1"'),
    "a memory that was not recalled": ANSWER.replace("[]", '["m77"]'),
    "words after": ANSWER + " There you go.",
    "the opening again": OPENING + ANSWER,
}


@dataclass
class Saying:
    """A generator that says what it is told to, in the tiny tokenizer's tokens."""

    texts: Callable[[Transcript], str]

    def __post_init__(self) -> None:
        self.chat = ChatTokens(tiny_tokenizer())

    def guide(self, messages: Conversation, tools: bool) -> None:
        """Nothing holds what it says."""

    def extend(
        self,
        transcripts: Sequence[Transcript],
        *,
        temperature: float | None = None,
        seed: int | None = None,
        limits: Sequence[int] | None = None,
        guides: Sequence[Guide | None] | None = None,
    ) -> list[str]:
        said = []
        for transcript in transcripts:
            text = self.texts(transcript)
            ids = [*self.chat.encode(text), self.chat.tokenizer.eos_token_id]
            transcript.add_written(text, ids, [-1.0] * len(ids), "<|im_end|>")
            said.append(text)
        return said


def in_turn(*texts: str) -> Callable[[Transcript], str]:
    """The first text where nothing was written yet, the second after one message, and so on."""

    def text(transcript: Transcript) -> str:
        messages = sum(own and not before for own, before in _changes(transcript.written))
        return texts[messages]

    return text


def _changes(written: Sequence[bool]) -> Iterator[tuple[bool, bool]]:
    return zip(written, [False, *written[:-1]], strict=True)


@pytest.fixture
def assistant(open_assistant: Callable[..., Assistant], embedder: Embedder) -> Assistant:
    return open_assistant(RulesPolicy(embedder))


def rolled(assistant: Assistant, *texts: str) -> Rollout:
    limits = Limits(message=4_000, completion=9_000, context=16_000)
    (rollout,) = play(Saying(in_turn(*texts)), [Job(assistant, ROWS[0])], PAPER, limits, temperature=1.0, seed=0)
    return rollout


@pytest.mark.parametrize("text", MALFORMED_FIRST.values(), ids=MALFORMED_FIRST.keys())
def test_malformed_first_message_is_worth_nothing(assistant: Assistant, text: str) -> None:
    rollout = rolled(assistant, text)
    assert rollout.reward == Reward(format=0, recommendation=0, memory=0, total=0)
    assert rollout.trajectory is None and rollout.problem


@pytest.mark.parametrize("text", MALFORMED_LAST.values(), ids=MALFORMED_LAST.keys())
def test_malformed_answer_is_worth_the_call_alone(assistant: Assistant, text: str) -> None:
    rollout = rolled(assistant, OPENING + CALL, text)
    assert rollout.reward == Reward(format=0, recommendation=0, memory=1, total=0.1)


def test_thirty_kinds_and_more() -> None:
    assert len(MALFORMED_FIRST) + len(MALFORMED_LAST) >= 30


def test_readable_trajectory_gets_every_term(assistant: Assistant) -> None:
    rollout = rolled(assistant, OPENING + CALL, ANSWER)
    assert rollout.trajectory is not None
    rank = rollout.trajectory.ranking.index(ROWS[0].target_item_ids[0]) + 1
    gain = 1 / math.log2(1 + rank)
    assert rollout.reward == Reward(1, 2 * gain, 1, pytest.approx(0.1 + 5 * 2 * gain + 0.1))


def test_answer_without_a_call_lacks_the_memory_term(assistant: Assistant) -> None:
    rollout = rolled(assistant, OPENING + ANSWER)
    assert (rollout.reward.format, rollout.reward.memory) == (1, 0)


def test_best_possible_reward_is_the_papers() -> None:
    assert score(PAPER, True, ["a", "b"], 3, ["a"]).total == pytest.approx(10.2)


def test_reward_is_evaluations_metric(assistant: Assistant, embedder: Embedder) -> None:
    for row in ROWS:
        asked = assistant.dialogue.new_request(row.request)
        done = assistant.trajectory(row.user_id or "", asked, TurnOptions(), RulesPolicy(embedder))
        reward = reward_of(PAPER, done, row.target_item_ids)
        measured = quality(ranks_of(done.ranking, row.target_item_ids), 1)
        assert reward.recommendation == measured["ndcg@100"] + measured["ndcg@1000"]
        assert reward.recommendation == sum(ndcg(done.ranking, row.target_item_ids, k) for k in (100, 1000))


def test_what_rules_had_to_write_earns_nothing(assistant: Assistant) -> None:
    asked = assistant.dialogue.new_request("shampoo")
    done = assistant.trajectory(ADA, asked, TurnOptions(), ScriptedPolicy(_nonsense))
    assert done.fallbacks and done.ranking
    assert reward_of(PAPER, done, ROWS[0].target_item_ids).recommendation == 0


def _nonsense(messages: Conversation) -> str:
    return "nonsense"


def test_shuffling_keeps_each_groups_rewards() -> None:
    rewards = [score(PAPER, True, ["a"], place, ["a"]) for place in (0, 1, 0, 1, 1, 0, 0, 0)]
    dealt = shuffled_in_groups(rewards, 4, seed=3)
    for start in (0, 4):
        assert sorted(one.total for one in dealt[start : start + 4]) == sorted(
            one.total for one in rewards[start : start + 4]
        )
    assert dealt == shuffled_in_groups(rewards, 4, seed=3)
    assert any(shuffled_in_groups(rewards, 4, seed=seed) != rewards for seed in range(5))


def test_tokens_of_the_tool_are_marked(assistant: Assistant) -> None:
    rollout = rolled(assistant, OPENING + CALL, ANSWER)
    tokenizer = tiny_tokenizer()
    own = [token for token, mine in zip(rollout.completion_ids, rollout.mask, strict=True) if mine]
    given = [token for token, mine in zip(rollout.completion_ids, rollout.mask, strict=True) if not mine]
    assert tokenizer.decode(own) == f"{OPENING}{CALL}<|im_end|>{ANSWER}<|im_end|>"
    told = tokenizer.decode(given)
    assert "<tool_response>" in told and "m1 [" in told and "ideal_item_profile" not in told
    assert all(chance == 0 for chance, mine in zip(rollout.logprobs, rollout.mask, strict=True) if not mine)


def test_under_structured_decoding_only_choices_are_learnt_from(assistant: Assistant) -> None:
    tokenizer = tiny_tokenizer()
    policy = CheckpointPolicy(tiny_model(tokenizer, positions=4_096), tokenizer, name="tiny", structured=True)
    limits = Limits(message=700, completion=3_000, context=4_000)
    jobs = [Job(assistant, row) for row in ROWS[:2]]
    for rollout in play(policy, jobs, PAPER, limits, temperature=1.0, seed=0):
        written = sum(rollout.transcript.written)
        assert rollout.reward.format == 1 and rollout.trajectory is not None
        assert 0 < sum(rollout.mask) < written / 4
        own = zip(rollout.transcript.chosen, rollout.transcript.written, strict=True)
        assert all(written for chosen, written in own if chosen)
