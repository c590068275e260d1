"""Device nodes of images and commands are kept, but lead to no device of the machine."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from dockernb.engines.embedded.engine import EmbeddedEngine
from tests.conformance.bench import Bench, run, shell
from tests.conformance.busybox import busybox_base

OPENS = """for f in /kmsg /made; do cat $f && echo opened $f; done 2>&1
ls -l /kmsg /made; cat /dev/null"""


@pytest.mark.embedded
def test_a_device_that_an_image_or_a_command_brings_cannot_be_opened(tmp_path: Path) -> None:
    """For root, too, who may make any: its disks would be the machine's."""
    engine = EmbeddedEngine(tmp_path / "store")
    try:
        bench = Bench(engine, busybox_base(engine))
        node = tarfile.TarInfo("kmsg")
        node.type, node.devmajor, node.devminor, node.mode = tarfile.CHRTYPE, 1, 11, 0o666
        parent = bench.files(bench.base, [node])
        with engine.create(parent.id, shell("mknod -m 666 /made c 1 11; " + OPENS)) as container:
            code, output = run(container)
    finally:
        engine.close()
    assert code == 0
    assert "opened" not in output
    assert output.count("crw-rw-rw-") == 2, output
    if os.geteuid() == 0:
        assert output.count("Permission denied") == 2, output
