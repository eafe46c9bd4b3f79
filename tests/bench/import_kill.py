"""Kills the import of a dataset folder with SIGKILL at five random moments, and compares what it ends with.

    python tests/bench/import_kill.py DATA [--kills 5] [--seed 1]

First an undisturbed import, timed; then one that is killed again and again at random times, each time started anew;
then both stores' contents are compared: ids, texts, counts, vectors.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.store_content import differences, store_content


def start(data: str, store: Path) -> subprocess.Popen[bytes]:
    """One import in a process of its own."""
    command = [sys.executable, "-m", "assistant.cli", "import", data, "--store", str(store)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = Path(folder) / "whole", Path(folder) / "killed"
        began = time.perf_counter()
        if start(arguments.data, whole).wait():
            sys.exit("the undisturbed import failed")
        seconds = time.perf_counter() - began
        print(f"undisturbed: {seconds:.0f} s", flush=True)
        kills = 0
        while kills < arguments.kills:
            process = start(arguments.data, killed)
            wait = rng.uniform(5, 2 * seconds / (arguments.kills + 1))
            try:
                if process.wait(wait):
                    sys.exit("an import failed by itself")
                print("finished before all kills came")
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
                done = killed / "store.json"
                steps = done.read_text().split('"steps"')[1].split("]")[0] if done.exists() else "nothing"
                print(f"killed after {wait:.1f} s; done so far{' '.join(steps.split())}", flush=True)
        if start(arguments.data, killed).wait():
            sys.exit("the last import failed")
        contents = store_content(whole), store_content(killed)
        for name, rows in contents[0].items():
            print(f"{name}: {len(rows) if isinstance(rows, list) else 'compared'}")
        found = differences(*contents)
        if found:
            sys.exit(f"DIFFERENT: {', '.join(found)}")
        print("The same content.")


if __name__ == "__main__":
    main()
