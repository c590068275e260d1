"""`print_cards.py NOTEBOOK`: the cells of an executed notebook and their cards as text."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    notebook = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        print("\n" + "".join(cell["source"]))
        for output in cell["outputs"]:
            text = "".join(output.get("data", {}).get("text/plain", ""))
            print("\n".join(f"    {line}" for line in text.splitlines()))


if __name__ == "__main__":
    main()
