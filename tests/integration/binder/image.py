"""The image of a place like Binder: Debian's Python, and what binder/ names and does."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.testbed.layout import Layout
from tests.testbed.reference import buildx_build

PROJECT = Path(__file__).parents[3]
#: Of Debian bookworm, whatever Python these tests run on.
PYTHON = "3.11"
#: What `pip install .` and a reader of the course need of the repository.
PARTS = ("dockernb", "notebooks", "binder", "pyproject.toml", "README.md", "LICENSE")


def build_image(layout: Layout, context: Path, base: Path, tag: str) -> str:
    """Builds the image; returns its ID.

    Whatever is downloaded is downloaded on this machine, whose pip is set up for it.

    Args:
        context: An empty folder.
        base: An archive with the base image of the course.
    """
    shutil.copytree(dependencies(layout), context / "wheels")
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for part in PARTS:
        source, target = PROJECT / part, context / "project" / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target)
    shutil.copytree(PROJECT / "binder", context / "binder")
    load(base, context)
    dockerfile = Path(__file__).with_name("Dockerfile")
    return buildx_build(context, dockerfile, tag=tag, layout=layout).image_id


def load(archive: Path, home: Path) -> None:
    """Makes `home` a DOCKERNB_HOME, with a store that has the archive's image."""
    command = [sys.executable, "-m", "dockernb", "load", "--input", str(archive)]
    environment = {**os.environ, "DOCKERNB_HOME": str(home)}
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=PROJECT)


def dependencies(layout: Layout) -> Path:
    """A folder with wheels of all that dockernb, its build and binder/ need, kept between runs."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    lines = (PROJECT / "binder" / "requirements.txt").read_text().splitlines()
    server = [line for line in lines if line and not line.startswith("#")]
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"], *server]
    key = hashlib.sha256("\n".join([PYTHON, *wanted]).encode()).hexdigest()[:12]
    kept = layout.state / "wheels"
    folder = kept / key
    with layout.locked():
        if not folder.exists():
            shutil.rmtree(kept, ignore_errors=True)  # what an older pyproject.toml asked for
            kept.mkdir(parents=True)
            options = ["--only-binary=:all:", f"--python-version={PYTHON}"]
            pip("download", *options, f"--dest={kept / 'partial'}", *wanted)
            (kept / "partial").rename(folder)
    return folder


def pip(*arguments: str) -> None:
    """Runs pip; fails with what it said."""
    command = [sys.executable, "-m", "pip", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
