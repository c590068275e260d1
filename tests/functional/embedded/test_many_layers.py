"""Images of more layers than the options of a mount can name."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from pathlib import Path

import pytest

from dockernb.engines.embedded.engine import EmbeddedEngine
from tests.conformance.bench import next_config, run, shell, tar_of
from tests.conftest import need_rung
from tests.testbed import Layout
from tests.testbed.images import make_tar

#: Docker takes 127 layers; 300 need what no page of options holds.
COUNTS = (300, 127)


def archive(folder: Path, count: int) -> Path:
    """An archive as of `docker save`: busybox, and layers that each make a file and replace one."""
    layout = Layout.from_environment()
    with layout.locked():
        layers = [make_tar(layout, "busybox.tar").read_bytes()]
    layers += [
        tar_of([(f"many/{number}", b"x"), ("top", f"{number}\n".encode())])
        for number in range(1, count)
    ]
    names = [hashlib.sha256(layer).hexdigest() for layer in layers]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{name}" for name in names]},
    }
    content = {f"{name}.tar": layer for name, layer in zip(names, layers, strict=True)}
    content["config.json"] = json.dumps(config).encode()
    listed = {"Config": "config.json", "RepoTags": [f"many:{count}"]}
    listed["Layers"] = [f"{name}.tar" for name in names]
    content["manifest.json"] = json.dumps([listed]).encode()
    file = folder / f"{count}.tar"
    with tarfile.open(file, "w") as tar:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file


@pytest.mark.embedded
def test_commands_run_in_images_of_many_layers(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path / "store", rung=2)
    need_rung(engine, 2)
    try:
        for count in COUNTS:
            file = archive(tmp_path, count)
            ((image, _),) = engine.load(file, lambda _: None, threading.Event())
            script = "cat /top; ls /many | wc -l; rm /many/7 /top; echo new >/many/new"
            with engine.create(image.id, shell(script)) as container:
                assert run(container) == (0, f"{count - 1}\n{count - 1}\n")
                changes = {entry.path: entry.change for entry in container.diff().entries}
                assert changes == {"/many/7": "D", "/top": "D", "/many/new": "A"}
                made = container.commit(next_config(image, script), layer=True)
            with engine.create(made.id, shell("ls /many | wc -l; ls /top")) as container:
                assert run(container)[1].startswith(f"{count - 1}\n")
    finally:
        engine.close()
