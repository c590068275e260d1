from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from .notebooks import Bench, Notebook


@pytest.fixture
def bench(docker_host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    monkeypatch.setenv("DOCKERNB_HOME", str(tmp_path / "home"))
    context = tmp_path / "context"
    context.mkdir()
    bench = Bench(context, docker.APIClient(base_url=docker_host))
    yield bench
    bench.close()


@pytest.fixture
def notebook(bench: Bench) -> Notebook:
    return bench.open()
