"""``python -m assistant.datasets.demo.check [FILE...]``: is the knowledge well formed? Exit code 1 when not."""

from __future__ import annotations

import sys
from pathlib import Path

from assistant.datasets.demo.reading import KNOWLEDGE_FOLDER, Problems, _read_traits, read_department, read_knowledge


def main(arguments: list[str]) -> int:
    """Checks the files named, or all of them, and prints problems and counts."""
    if arguments:
        problems = Problems()
        traits = _read_traits(problems)
        kinds = [kind for name in arguments for kind in read_department(Path(name), traits, problems)]
    else:
        knowledge, problems = read_knowledge(KNOWLEDGE_FOLDER)
        kinds = list(knowledge.kinds.values())
        for kind in kinds:
            for other in kind.goes_with:
                if other not in knowledge.kinds:
                    print(f"note: {kind.department}: {kind.name} goes with {other!r}, which is no kind (yet)")
    for line in problems.lines:
        print(line)
    brands = {brand.name for kind in kinds for brand in kind.brands}
    departments = {kind.department for kind in kinds}
    print(f"{len(departments)} departments, {len(kinds)} kinds, {len(brands)} brands, {len(problems.lines)} problems")
    return 1 if problems.lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
