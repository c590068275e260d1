"""What repo2docker, which is what Binder runs, makes of binder/."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[3]


def test_repo2docker_installs_what_binder_names_and_runs_its_scripts() -> None:
    options = ("--no-build", "--debug", "--user-id=1000", "--user-name=jovyan")
    done = subprocess.run(
        [sys.executable, "-m", "repo2docker", *options, str(PROJECT)],
        capture_output=True,
        text=True,
        check=True,
    )
    dockerfile = done.stdout + done.stderr
    packages = " ".join((PROJECT / "binder" / "apt.txt").read_text().split())
    assert f"--no-install-recommends {packages} &&" in dockerfile
    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' in dockerfile
    assert "RUN ./binder/postBuild" in dockerfile
    assert 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in dockerfile
    assert "conda environment for python=3.12" in dockerfile
