"""One YAML file describes one run; everything in it is checked before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.errors import SettingsError

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
CONFIGS = Path(__file__).parent / "configs"


class Part(BaseModel):
    """A section of the file: unknown names are refused, values do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class GrownConfig(Part):
    """A demo world grown to train in: another seed than the one that ships, all its shoppers in "train"."""

    seed: int
    shoppers: Positive = 600
    rounds: Positive = 1


class SliceConfig(Part):
    """A slice of the demo world, built in a second: a few departments, and shoppers who buy and ask only there.

    ``shoppers`` are in "train", ``dev`` others in "dev".
    """

    departments: Annotated[tuple[str, ...], Field(min_length=1)]
    seed: int = 7
    shoppers: Positive = 50
    dev: Positive = 24


class WorldConfig(Part):
    """A shop to train in: a dataset folder, or a world ``grown`` for it (neither: the demo world that ships), with its
    store, built where it is absent.

    ``train`` and ``dev`` bound how many requests of these splits are used (none: all); the bound takes whole users.
    """

    data: Path | None = None
    grown: GrownConfig | SliceConfig | None = None
    store: Path = Path(".mrrec/store")
    train: Positive | None = None
    dev: Positive | None = 128


class ArchitectureConfig(Part):
    """A small model made from scratch. ``vocabulary`` is the size of the byte-level BPE trained for it; with
    ``meanings`` its token embeddings begin near the embedder's."""

    kind: Literal["qwen2", "qwen3"] = "qwen3"
    layers: Positive = 6
    width: Positive = 256
    feed_forward: Positive = 768
    heads: Positive = 4
    key_value_heads: Positive = 2
    positions: Positive = 2048
    vocabulary: Positive = 8_000
    meanings: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.width % self.heads or self.heads % self.key_value_heads:
            raise ValueError("width must be a multiple of heads, and heads of key_value_heads")
        return self


class LoraConfig(Part):
    """Low-rank adapters instead of full weights; the served folder has them merged."""

    rank: Positive = 32
    alpha: Positive = 64
    dropout: Share = 0.05
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class ModelConfig(Part):
    """Where the weights begin: ``base`` (a folder or hub name), or ``architecture`` from scratch.

    ``dtype`` is how they are held; ``parameters`` (billions) serves the plan where the base is not downloaded yet.
    """

    base: str | None = None
    architecture: ArchitectureConfig | None = None
    dtype: Literal["float32", "bfloat16"] = "float32"
    lora: LoraConfig | None = None
    gradient_checkpointing: bool = False
    parameters: float | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.base is None) == (self.architecture is None):
            raise ValueError('give one of "base" and "architecture"')
        if self.lora is not None and self.architecture is not None:
            raise ValueError("lora needs a base: adapters over random weights teach nothing")
        return self


class RewardConfig(Part):
    """r = format x R_format + recommendation x (nDCG at each cutoff, added) + memory x R_mem (PAPER, step 6)."""

    format: float = 0.1
    recommendation: float = 5.0
    memory: float = 0.1
    cutoffs: tuple[Positive, ...] = (100, 1000)


class TraceConfig(Part):
    """How expert traces are searched for.

    ``calls``: how many aspects the expert calls for. ``processes`` search side by side. To these come ``copying``,
    ``naming`` and ``choosing`` trajectories of practice, the first of ``practice`` (a JSON lines file of request texts,
    of which the first ``practice_limit`` of a seeded order are used) and then of item titles.
    """

    processes: Positive = 1
    calls: Annotated[int, Field(ge=1, le=4)] = 3
    practice: Path | None = None
    practice_limit: Positive = 19_000
    copying: Annotated[int, Field(ge=0)] = 0
    naming: Annotated[int, Field(ge=0)] = 0
    choosing: Annotated[int, Field(ge=0)] = 0


class SftConfig(Part):
    """The supervised warm start. ``batch`` and ``micro_batch`` count trajectories over all processes.

    Traces whose reward is under ``least_reward`` (the target was out of reach) are left out, and counted.
    In an epoch each trace comes ``repeat`` times, each trajectory of practice once. ``patience``: evaluations on
    held-out traces without progress before it stops.
    """

    epochs: float = 3.0
    batch: Positive = 32
    micro_batch: Positive = 32
    learning_rate: float = 1e-3
    warmup: Share = 0.05
    weight_decay: float = 0.01
    held_out: Share = 0.05
    evaluate_every: Positive = 100
    patience: Positive = 3
    least_reward: float = 0.3
    repeat: Positive = 1


class GrpoConfig(Part):
    """The paper's multi-turn GRPO. ``batch`` counts requests a step, each rolled out ``group`` times.

    ``message_tokens`` bounds one message, ``completion_tokens`` all that follows the prompt (tool results included),
    ``context`` the whole. ``micro_batch`` rollouts share one forward and backward. Every ``evaluate_every`` steps the
    dev requests are answered greedily; the best step is kept, ``patience`` evaluations without progress end the run.
    A format rate, call rate or entropy (nats a token) under its ``least_`` ends it too, once ``grace`` steps passed.
    ``loss``: PAPER normalises over all tokens of the group, TRL's "dapo"; its "grpo" averages each sequence first.
    ``shuffle_rewards`` deals each group's rewards out anew: the control that must not learn.
    """

    epochs: float = 5.0
    steps: Positive | None = None
    group: Annotated[int, Field(ge=2)] = 5
    batch: Positive = 256
    micro_batch: Positive = 8
    learning_rate: float = 1e-6
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    temperature: Annotated[float, Field(gt=0)] = 1.0
    epsilon: float = 0.2
    beta: float = 0.0
    loss: Literal["grpo", "dapo", "bnpo", "dr_grpo"] = "dapo"
    message_tokens: Positive = 384
    completion_tokens: Positive = 768
    context: Positive = 2_048
    generation_batch: Positive = 64
    evaluate_every: Positive = 10
    patience: Positive = 1
    least_format: Share = 0.2
    least_calls: Share = 0.1
    least_entropy: float = 0.005
    grace: Positive = 20
    shuffle_rewards: bool = False
    vllm: bool = False
    vllm_memory: Share = 0.35


class RunConfig(Part):
    """A run. ``work`` holds traces, checkpoints, logs and curves; ``output`` is the folder that is served.

    ``weights``: how the served folder holds them. ``structured``: whether the policy is served with structured
    decoding, for models too small to spell. ``threads`` bounds PyTorch's on a CPU (none: its own choice): for very
    small models one is the fastest.
    """

    name: str
    work: Path
    output: Path
    seed: int = 0
    embedder: str = "minilm"
    mixed_precision: bool = True
    structured: bool = False
    weights: Literal["float32", "bfloat16"] = "bfloat16"
    threads: Positive | None = None
    worlds: Annotated[tuple[WorldConfig, ...], Field(min_length=1)] = (WorldConfig(),)
    model: ModelConfig
    reward: RewardConfig = RewardConfig()
    traces: TraceConfig = TraceConfig()
    sft: SftConfig | None = SftConfig()
    grpo: GrpoConfig | None = GrpoConfig()

    @model_validator(mode="after")
    def _one_way_of_drawing(self) -> Self:
        if self.structured and self.grpo is not None and self.grpo.vllm:
            raise ValueError("vLLM draws freely: structured needs grpo.vllm: false")
        return self


def load_config(file: Path) -> RunConfig:
    """The run that a YAML file describes; the name of one that ships ("mini") will do.

    Raises SettingsError naming the field and what it must be.
    """
    found = file if file.exists() else CONFIGS / f"{file.name.removesuffix('.yaml')}.yaml"
    if not found.exists():
        shipped = ", ".join(sorted(path.stem for path in CONFIGS.glob("*.yaml") if not path.stem.startswith("zero")))
        raise SettingsError(f"--config {file}: no such file; those that ship are {shipped}")
    try:
        values = yaml.safe_load(found.read_text(encoding="utf-8"))
        return RunConfig.model_validate(values)
    except yaml.YAMLError as error:
        raise SettingsError(f"--config {found} is no YAML: {error}") from error
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}" for one in error.errors()[:5])
        raise SettingsError(f"--config {found}: {told}") from error
