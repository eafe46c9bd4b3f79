"""One run from its options to its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from assistant.datasets.manifest import write_json
from assistant.datasets.progress import terminal_progress
from assistant.datasets.rows import RequestRow
from assistant.evaluation.inspection import find_request, look, show
from assistant.evaluation.judge import cases_of, judge
from assistant.evaluation.policies import PolicySpec, arms_of, read_specs
from assistant.evaluation.report import build_report, setting_timings, write_report
from assistant.evaluation.report_html import write_html
from assistant.evaluation.report_markdown import write_markdown
from assistant.evaluation.requests import load_requests
from assistant.evaluation.rows import Row
from assistant.evaluation.run import Evaluation, Players, Progress
from assistant.evaluation.settings import ABLATIONS, BASELINES, Baseline, choose_settings
from assistant.evaluation.training_log import read_training_log
from assistant.evaluation.world import World, claim_folder, describe_run, index_timing, open_world
from assistant.settings import Settings


@dataclass(frozen=True, slots=True)
class Experiment:
    """What ``mrrec evaluate`` is asked to do; the fields are its options."""

    settings: Settings
    out: Path
    split: str = "dev"
    policy: str = "rules"
    memory: str = "none,naive,static,mrrec"
    ablations: bool = False
    baselines: bool = True
    requests: str = "requests"
    limit: int | None = None
    seed: int = 0
    block: int = 32
    judge: bool = False
    training: Path | None = None
    fresh: bool = False

    def conduct(self, console: Console) -> dict:
        """Runs it, writes the report's files into ``out``, and returns ``report.json``'s values.

        Raises EvaluationError, and as the store and the policies do.
        """
        chosen = choose_settings(self.memory.split(","))
        specs = read_specs(self.policy)
        training = read_training_log(self.training) if self.training else []
        with terminal_progress(console) as building, open_world(self.settings, building) as world:
            requests = load_requests(
                world.folder, split=self.split, limit=self.limit, seed=self.seed, file=self.requests
            )
            run = describe_run(
                world, requests, specs, self.settings, split=self.split, seed=self.seed, block=self.block
            )
            claim_folder(self.out, run, fresh=self.fresh)
            policies = [(spec.label, spec.load(self.settings, world.embedder)) for spec in specs]
            extra = list(ABLATIONS.values()) if self.ablations else []
            evaluation = Evaluation(
                world.memory,
                world.catalogue,
                world.embedder,
                requests,
                arms_of(chosen, extra, policies),
                _baselines(requests) if self.baselines else [],
                self.out,
                seed=self.seed,
                block=self.block,
            )
            with terminal_progress(console) as progress:
                rows = evaluation.run(progress)
                judged = self._judge(rows, world, evaluation, progress) if self.judge else {}
            index = index_timing(world)
        report = build_report(rows, evaluation.arms, evaluation.baselines, run, evaluation.checked, training, judged)
        self._write(report, {"settings": setting_timings(self.out), "index": index})
        return report

    def _judge(self, rows: Sequence[Row], world: World, evaluation: Evaluation, progress: Progress) -> dict:
        """MPC and MRC of the memory settings, as the endpoint's model judges them."""
        policy = PolicySpec("judge", "endpoint").load(self.settings, world.embedder)
        lent = {arm.name for arm in evaluation.arms if arm.setting.shuffled}
        cases = list(cases_of([row for row in rows if row.setting not in lent], world.memory, world.catalogue.items))
        return judge(policy, cases, self.out, progress)

    def _write(self, report: dict, timings: dict) -> None:
        write_report(self.out, report)
        write_json(self.out / "timings.json", timings)
        (self.out / "report.md").write_text(write_markdown(report, timings), encoding="utf-8")
        (self.out / "report.html").write_text(write_html(report, timings), encoding="utf-8")


def inspect_request(
    console: Console, settings: Settings, request_id: str, *, policy: str, memory: str, file: str = "requests"
) -> None:
    """Answers one request under every setting and prints what came of it. Raises EvaluationError for an unknown id."""
    chosen, specs = choose_settings(memory.split(",")), read_specs(policy)
    with terminal_progress(console) as building, open_world(settings, building) as world:
        requests = list(world.folder.requests(file))
        request = find_request(requests, request_id)
        arms = arms_of(chosen, [], [(spec.label, spec.load(settings, world.embedder)) for spec in specs])
        players = Players(Evaluation(world.memory, world.catalogue, world.embedder, requests, arms, [], Path()))
        show(console, world, request, look(players, arms, request))


def _baselines(requests: Sequence[RequestRow]) -> list[Baseline]:
    """The baselines that these requests allow: an oracle needs its profile for each, purchases need a user."""
    oracle = all(request.oracle_profile for request in requests)
    users = any(request.user_id for request in requests)
    allowed = {"request": True, "naive": users, "oracle": oracle}
    return [baseline for baseline in BASELINES.values() if allowed[baseline.text]]
