"""Where the engine cannot make the start command process 1, it is judged as if it were."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockernb.checks.start_rule import StartRule
from dockernb.checks.subject import Subject
from dockernb.engines.base import ContainerSpec
from dockernb.engines.embedded.engine import EmbeddedEngine
from tests.conformance.busybox import busybox_base
from tests.conftest import need_rung

RULE = StartRule("test -e /tmp/up", stops_within=20.0)
LOOP = "touch /tmp/up; while true; do sleep 0.1; done"


@pytest.mark.embedded
@pytest.mark.parametrize("rung", [4, 5], ids=["chroot", "plain_chroot"])
def test_a_signal_that_is_not_caught_is_ignored_by_process_1(tmp_path: Path, rung: int) -> None:
    engine = EmbeddedEngine(tmp_path / "store", rung=rung)
    need_rung(engine, rung)
    try:
        base = busybox_base(engine)
        for script, stops in ((f"trap 'exit 0' TERM; {LOOP}", True), (LOOP, False)):
            config = base.config.with_runtime(
                cmd=("/bin/sh", "-c", script), env=("PATH=/usr/bin:/bin",)
            )
            with engine.create(base.id, ContainerSpec()) as container:
                image = container.commit(config, layer=False)
            found = RULE.examine(Subject(engine, image))
            assert (found.ok, "answer" in found.found) == (stops, stops), found
    finally:
        engine.close()
