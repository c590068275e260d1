"""`print_cards.py NOTEBOOK [DOCKERFILE]`: the cells of an executed notebook, their cards as
text, and the exported Dockerfile.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

CARD = "application/vnd.dockernb.card+json"
LOG_LINES = 3


def main() -> None:
    notebook = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        print("\n" + "".join(cell["source"]))
        for output in cell["outputs"]:
            text = "".join(output.get("data", {}).get("text/plain", ""))
            lines = [*text.splitlines(), *log_lines(output.get("data", {}).get(CARD, {}))]
            print("\n".join(f"    {line}" for line in lines))
    if len(sys.argv) > 2:
        print(f"\n--- {sys.argv[2]}")
        print(Path(sys.argv[2]).read_text(encoding="utf-8"))


def log_lines(card: dict[str, Any]) -> list[str]:
    """The last lines of a step's log."""
    log = card.get("log", {})
    last = [line.rpartition("\r")[2] for line in log.get("tail", "").splitlines()][-LOG_LINES:]
    above = log.get("lines", 0) - len(last)
    return [f"  | [{above:,} lines above]"] * (above > 0) + [f"  | {line[:100]}" for line in last]


if __name__ == "__main__":
    main()
