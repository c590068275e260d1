"""What `dockernb doctor` looks at; each check asks one thing and changes nothing but leftovers."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dockernb.cli.reference_build import INSTALL_BUILDX, INSTALL_DOCKER, has_buildkit
from dockernb.engines.base import Engine
from dockernb.engines.select import ENGINES, open_embedded, open_engine
from dockernb.errors import DockernbError
from dockernb.folders import cache_folder
from dockernb.oci.private_folder import make_private_folder
from dockernb.ui.figures import format_bytes, format_count

__all__ = ["Check", "all_checks"]

_KERNEL_NAME = "dockernb"
_SECONDS = 20


@dataclass(frozen=True)
class Check:
    """One line of the table.

    Args:
        detail: What was found, or what is wrong.
        todo: What to do about a problem.
        needed: False: dockernb works without it.
        note: It is neither good nor bad, only said.
    """

    name: str
    ok: bool
    detail: str
    todo: str = ""
    needed: bool = True
    note: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def all_checks() -> Iterator[Check]:
    """All checks, in the order of the table."""
    yield _python()
    yield from _engines()
    yield from _docker_command()
    yield _kernelspec()
    yield _jupyterlab()
    yield _lab_extension()
    yield _cache()


def _python() -> Check:
    version = importlib.metadata.version("dockernb")
    return Check("dockernb", ok=True, detail=f"{version}, Python {sys.version.split()[0]}")


def _engines() -> Iterator[Check]:
    """A line for each engine, and one for what dead processes left on it.

    One engine is enough, so a silent one is a need only if no other answers.
    """
    checks: list[Check] = []
    for name in ENGINES:
        try:
            engine = open_engine(name)
        except DockernbError as err:
            checks.append(Check(f"engine {name}", ok=False, detail=err.message, todo=_todo(err)))
            continue
        try:
            checks += [*_engine(name, engine), _leftovers(name, engine)]
            if name == "embedded":
                checks += _embedded()
        finally:
            engine.close()
    one_works = any(check.ok and check.needed for check in checks)
    yield from (replace(check, needed=check.needed and not one_works) for check in checks)


def _engine(name: str, engine: Engine) -> Iterator[Check]:
    """Who it is, how it is reached, and a line for each thing that it cannot do."""
    try:
        info = engine.info()
    except DockernbError as err:
        yield Check(f"engine {name}", ok=False, detail=err.message, todo=_todo(err))
        return
    where = f"{info.address} ({info.way})" if info.way else info.address
    detail = f"version {info.version}, {info.platform}, {where}".rstrip(", ")
    yield Check(f"engine {name}", ok=True, detail=detail)
    for limit in info.limits:
        yield Check("  limit", ok=True, detail=limit, needed=False, note=True)


def _embedded() -> Iterator[Check]:
    """How the embedded engine runs commands here, why not better, and the size of its store."""
    engine = open_embedded()
    try:
        for number, rung in enumerate(engine.ladder(), 1):
            title = f"  way {number}: {rung.name}"
            if rung.in_use:
                detail = f"in use: {rung.reason}" if rung.reason else "in use"
                yield Check(title, ok=rung.works, detail=detail, todo=rung.help, needed=False)
                break
            detail = "works" if rung.works else rung.reason
            yield Check(title, ok=rung.works, detail=detail, todo=rung.help, needed=False)
        yield Check("limits of a RUN", ok=True, detail=engine.limits(), needed=False)
        detail = f"{format_bytes(engine.size())}; `dockernb prune` removes what nobody needs"
        yield Check("image store", ok=True, detail=detail, needed=False)
    except DockernbError as err:
        yield Check("image store", ok=False, detail=err.message, todo=_todo(err), needed=False)
    finally:
        engine.close()


def _leftovers(name: str, engine: Engine) -> Check:
    title = f"leftovers on {name}"
    try:
        removed = engine.remove_leftovers()
    except DockernbError as err:
        return Check(title, ok=False, detail=err.message, todo=_todo(err), needed=False)
    detail = "none"
    if removed:
        detail = f"{format_count(len(removed), 'container')} of dead processes removed"
    return Check(title, ok=True, detail=detail, needed=False)


def _docker_command() -> Iterator[Check]:
    """Docker's own command line, which only `dockernb verify` needs."""
    path = shutil.which("docker")
    if path is None:
        todo = f"Only `dockernb verify` needs it. {INSTALL_DOCKER}"
        yield Check("docker command", ok=False, detail="not found", todo=todo, needed=False)
        return
    version = _answer([path, "--version"])
    yield Check(
        "docker command", ok=bool(version), detail=f"{version or 'no answer'}, {path}", needed=False
    )
    buildx = _answer([path, "buildx", "version"])
    built_in = has_buildkit(_answer([path, "version", "--format", "{{.Client.Version}}"]) or "")
    yield Check(
        "docker buildx",
        ok=bool(buildx) or built_in,
        detail=buildx or ("part of this docker" if built_in else "not found"),
        todo="" if buildx or built_in else f"Only `dockernb verify` needs it. {INSTALL_BUILDX}",
        needed=False,
    )


def _kernelspec() -> Check:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel  # noqa: PLC0415

    title, todo = "kernelspec", "dockernb install"
    try:
        spec = KernelSpecManager().get_kernel_spec(_KERNEL_NAME)
    except NoSuchKernel:
        return Check(title, ok=False, detail="not installed", todo=todo)
    except (OSError, ValueError) as err:
        return Check(title, ok=False, detail=f"cannot be read: {err}", todo=todo)
    python = spec.argv[0] if spec.argv else ""
    where = f"{spec.resource_dir}, runs {python}"
    if python in {"python", "python3"}:
        # Jupyter puts its own Python there: right if it is this one.
        return Check(title, ok=True, detail=f"{where} of the Jupyter server")
    if not Path(python).exists():
        return Check(title, ok=False, detail=f"{where}, which is not there", todo=todo)
    if Path(python) != Path(sys.executable):
        detail = f"{where}, not this Python ({sys.executable})"
        return Check(title, ok=_has_dockernb(python), detail=detail, todo=todo)
    return Check(title, ok=True, detail=where)


def _jupyterlab() -> Check:
    for package in ("jupyterlab", "notebook"):
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
        return Check("JupyterLab", ok=True, detail=f"{package} {version}", needed=False)
    return Check(
        "JupyterLab",
        ok=False,
        detail="neither jupyterlab nor notebook is in this Python",
        todo="pip install jupyterlab (or use one of another environment)",
        needed=False,
    )


def _lab_extension() -> Check:
    """What tells the kernel the order of the cells; without it, saving the notebook does."""
    from jupyter_core.paths import jupyter_path  # noqa: PLC0415

    title = "lab extension"
    folders = [Path(each, _KERNEL_NAME) for each in jupyter_path("labextensions")]
    folder = next((each for each in folders if (each / "package.json").is_file()), None)
    if folder is None:
        todo = "Without it, save the notebook before you run cells: dockernb install"
        return Check(title, ok=False, detail="not installed", todo=todo, needed=False)
    try:
        version = json.loads((folder / "package.json").read_bytes())["version"]
        disabled = _KERNEL_NAME in _disabled_extensions()
    except (OSError, ValueError, LookupError, TypeError) as err:
        detail = f"{folder} cannot be read: {err}"
        return Check(title, ok=False, detail=detail, todo="dockernb install", needed=False)
    if disabled:
        todo = f"jupyter labextension enable {_KERNEL_NAME}"
        return Check(title, ok=False, detail=f"{folder} is disabled", todo=todo, needed=False)
    ours = importlib.metadata.version("dockernb")
    detail = f"{version}, {folder}"
    if version != ours:
        detail = f"{detail}, but dockernb is {ours}"
    return Check(title, ok=version == ours, detail=detail, todo="dockernb install", needed=False)


def _disabled_extensions() -> set[str]:
    """The lab extensions that are switched off here, by `jupyter labextension disable`."""
    from jupyter_core.paths import jupyter_config_path  # noqa: PLC0415

    disabled: dict[str, bool] = {}
    for folder in reversed(jupyter_config_path()):  # the first one counts most
        config = Path(folder, "labconfig", "page_config.json")
        if config.is_file():
            found = json.loads(config.read_bytes()).get("disabledExtensions", {})
            disabled |= dict.fromkeys(found, True) if isinstance(found, list) else found
    return {name.partition(":")[0] for name, off in disabled.items() if off}


def _cache() -> Check:
    folder = cache_folder()
    size = 0
    try:
        make_private_folder(folder)
        for path in folder.rglob("*"):
            size += path.stat().st_size if path.is_file() else 0
    except OSError as err:
        todo = "Set DOCKERNB_HOME to a folder that you can write to."
        return Check("build cache", ok=False, detail=f"{folder}: {err.strerror}", todo=todo)
    if not os.access(folder, os.W_OK):
        todo = "Set DOCKERNB_HOME to a folder that you can write to."
        return Check("build cache", ok=False, detail=f"{folder} is read-only", todo=todo)
    return Check("build cache", ok=True, detail=f"{folder}, {format_bytes(size)}")


def _todo(error: DockernbError) -> str:
    return "\n".join(text for text in (error.rule, error.hint) if text)


def _has_dockernb(python: str) -> bool:
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('dockernb') is None)"
    return _answer([python, "-c", code]) is not None


def _answer(command: list[str]) -> str | None:
    """First line of what the command says; None: it failed."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.partition("\n")[0].strip() if done.returncode == 0 else None
