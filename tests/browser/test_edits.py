"""Cells are copied, split, merged and taken back, and the margins say what each of them is."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from .lab import Lab
from .margin import EDITED, FRESH, NEW, expect_marks

ACTIVE = re.compile("jp-mod-active")
STALE = f"stale: {EDITED}"


def above(number: int, reason: str) -> str:
    return f"stale: cell {number} above {reason}"


def test_copied_split_and_merged_cells(chain: Lab) -> None:
    chain.write(1, "COPY note.txt /note\nENV A=1")
    chain.run_all()
    expect_marks(chain, *FRESH)

    chain.copy_below(1)
    expect_marks(chain, "built", "built", NEW, above(3, "has not run"))
    chain.screenshot("edits-copied")
    chain.delete(2)
    expect_marks(chain, *FRESH)

    # The lower half keeps the cell's ID. Both halves are in the cache, and the cell below stands on
    # the same snapshot again.
    chain.split(1)
    expect_marks(chain, "built", NEW, STALE, above(2, "has not run"))
    chain.screenshot("edits-split")
    chain.run(1)
    chain.run(2)
    expect_marks(chain, *FRESH, "built")
    chain.card(2).expect_status("cached")
    chain.merge(1)  # JupyterLab makes a new cell of two
    expect_marks(chain, "built", NEW, above(2, "has not run"))
    chain.screenshot("edits-merged")
    chain.run(1)
    expect_marks(chain, *FRESH)


def test_args_back_and_forth_and_another_name(chain: Lab, folder: Path) -> None:
    value = folder.name[-12:]
    step = f"RUN echo {folder.name} > /run"
    chain.write(1, "ARG EDITS=1")
    chain.write(2, step)
    chain.run_all()
    chain.insert_below(2, "# nothing")
    expect_marks(chain, *FRESH)

    # A magic above that was written, then run; the button on the card.
    chain.insert_below(0, f"%arg EDITS={value}")
    waiting = f"stale: %arg EDITS={value} in cell 2 has not run"
    expect_marks(chain, "built", NEW, waiting, above(3, f"is {waiting}"))
    chain.run(1)
    given = f"stale: ARG EDITS: (default) -> {value}"
    expect_marks(chain, "built", "built", given, above(3, f"is {given}"))
    expect(chain.card(2).root).to_contain_text(f"ARG EDITS: (default) -> {value}")
    chain.screenshot("edits-arg")
    chain.card(3).root.get_by_role("button", name="Run what is needed").click()
    expect_marks(chain, *FRESH, "built")
    why = chain.card(2).root.locator(".dnb-why")
    expect(why).to_have_text(re.compile(rf"^built again: ARG EDITS: \S+ -> {value}$"))

    # What if: change a cell, look, go back. The card goes back, too.
    built = chain.card(3).snapshot.inner_text()
    chain.write(3, "RUN echo other > /run")
    chain.run(3).expect_status("built")
    chain.write(4, "%diff 3 4")
    chain.run(4)
    expect(chain.output(4)).to_contain_text("A  /run  (6 B)")
    chain.write(4, "%undo")
    chain.run(4)
    expect(chain.cell(3).locator(".cm-content")).to_have_text(step)
    expect(chain.card(3).snapshot).to_have_text(built)
    expect_marks(chain, *FRESH, "built")
    chain.write(2, "ARG EDITS=else")
    chain.write(4, "%plan")
    chain.run(4)
    expect(chain.output(4)).to_contain_text("would be built")
    expect(chain.output(4)).to_contain_text("cell 3 above would be built")
    chain.screenshot("edits-plan")
    chain.write(2, "ARG EDITS=1")
    chain.write(4, "%goto 1")
    chain.run(4)
    expect(chain.cell(0)).to_have_class(ACTIVE)

    # Another name, and another kernel: it takes from the cache what is built.
    chain.write(4, "# nothing")
    chain.save()
    chain.rename("renamed.ipynb")
    expect_marks(chain, *FRESH, "built")
    chain.restart_kernel()
    expect_marks(chain, "built", NEW)
    chain.run(1)
    expect_marks(chain, *FRESH, "built")
    chain.card(3).expect_status("built")
    chain.screenshot("edits-renamed")
