"""A kernel as Jupyter starts it, killed at any moment: the next one finds all in order."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from tests.faults.children import Nursery
from tests.faults.places import Place
from tests.faults.test_killed import notebook
from tests.functional.kernel.client import Kernel, started

#: So many rounds of each engine in `make test`.
ROUNDS = 1
#: What a cell of the notebook takes at most, on a machine that has nothing else to do.
SECONDS = 1.5


def run_cells(kernel: Kernel, cells: list[tuple[str, str]], *, begin: int = 0) -> list[str]:
    """Runs them; their statuses, and the log of each step."""
    statuses = []
    for cell_id, source in cells[begin:]:
        ran = kernel.run(source, cell_id=cell_id)
        assert ran.reply["status"] == "ok", ran.reply
        statuses += [card["status"] for card in ran.cards]
    return statuses


@pytest.mark.timeout(1800)
def test_a_killed_kernel_is_started_again_and_goes_on(
    place: Place, warm: Nursery, context: Path
) -> None:
    first = int(os.environ.get("DOCKERNB_FAULT_SEED") or random.SystemRandom().randrange(10**9))
    count = int(os.environ.get("DOCKERNB_FAULT_KERNELS") or ROUNDS)
    for seed in range(first, first + count):
        try:
            play(place, warm, context, seed)
        except BaseException as error:
            error.add_note(f"DOCKERNB_FAULT_SEED={seed}")
            raise


def play(place: Place, warm: Nursery, context: Path, seed: int) -> None:
    chance = random.Random(seed)
    cells = notebook(place.base, f"mark-kernel{seed}", chance.randrange(2))
    cells = [cell for cell in cells if cell[0] != "given"]  # its secret is not set here
    last = chance.randrange(1, len(cells))
    with started("dockernb.kernel", context, **place.environment) as kernel:
        run_cells(kernel, cells[:last])
        kernel.send(cells[last][1], cell_id=cells[last][0])
        time.sleep(chance.uniform(0, SECONDS))  # the moment is the point
        provisioner = kernel.manager.provisioner
        assert isinstance(provisioner, LocalProvisioner)
        assert provisioner.process is not None
        provisioner.process.kill()
        provisioner.process.wait()
    with started("dockernb.kernel", context, **place.environment) as kernel:
        statuses = run_cells(kernel, cells)
        steps_above = sum(source.count("\n") + 1 for _, source in cells[:last])
        assert set(statuses[:steps_above]) == {"cached"}
        assert set(statuses[steps_above:]) <= {"built", "cached"}
    warm.build([], context, place.environment)
    assert place.left_behind() == []
