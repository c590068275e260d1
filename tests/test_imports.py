"""The arrows between layers (CONTRIBUTING.md) are enforced here, not narrated."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "dockernb"

# Layer -> the layers it may import. Always allowed: itself, `errors`, the package's version.
ARROWS = {
    "errors": set(),
    "folders": set(),
    "dockerfile": set(),
    "oci": set(),
    "engines": {"oci"},
    "engines.base": {"oci", "engines.launch", "engines.terminal"},
    "engines.launch": {"oci"},
    "engines.terminal": {"engines.launch", "engines.base"},
    "engines.overlay_diff": {"oci"},
    "engines.docker": {"oci", "engines.base", "engines.overlay_diff"},
    "engines.embedded": {"oci", "engines.base", "engines.overlay_diff"},
    "engines.select": {"engines.base", "engines.docker", "engines.embedded", "folders"},
    "build": {"dockerfile", "oci", "engines.base"},
    "bases": {"engines.base", "oci"},
    "checks": {"dockerfile", "oci", "engines.base", "build.result"},
    "look": {"build", "engines.base", "oci"},
    "lint": {"build", "dockerfile", "look"},
    "complete": {"dockerfile"},
    "notebook": {"dockerfile"},
    "use": {"build", "engines.base", "oci"},
    "session": {
        "build", "checks", "use", "dockerfile", "engines.base", "engines.select", "folders",
    },
    "ui": {"build", "use", "engines.base", "lint", "look", "oci", "checks.result"},
    "kernel": {
        "session", "ui", "use", "complete", "dockerfile", "checks", "lint", "look", "build.result",
        "build.events", "oci.diff", "oci.digest",
    },
    "cli": {
        "session", "notebook", "dockerfile", "ui", "use", "build", "engines.base", "engines.select",
        "kernel.install", "oci", "folders", "bases", "checks", "lint", "look",
    },
}  # fmt: skip

# The only modules that may import a package that is heavy or not ours to spread.
DOORS = {
    "docker": {"engines.docker"},
    "requests": {"engines.docker", "oci.registry"},
    "urllib3": {"engines.docker", "oci.registry"},
    "e2b_dockerfile_utils": {"dockerfile.library"},
    "ipywidgets": {"ui", "kernel.comms"},
    "anywidget": {"ui"},
    "nbformat": {"notebook", "cli"},
    "nbconvert": {"notebook.nbconvert_exporter"},
    "ipykernel": {"kernel"},
}


def modules() -> list[str]:
    names = (path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return sorted(".".join(name.parts).removesuffix(".__init__") for name in names)


def imports(module: str) -> Iterator[str]:
    """Absolute names of all that `module` imports, lazily imported ones included."""
    path = PACKAGE / Path(*module.split("."))
    is_package = path.is_dir() or module == "__init__"
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    parts = ["dockernb", *module.split(".")] if module != "__init__" else ["dockernb"]
    folder = parts if is_package else parts[:-1]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(folder[: len(folder) - node.level + 1]) if node.level else ""
            stem = ".".join(part for part in (base, node.module) if part)
            for alias in node.names:
                candidate = f"{stem}.{alias.name}"
                own = candidate.removeprefix("dockernb.")
                yield candidate if own in MODULES else stem


MODULES = set(modules())


def within(name: str, layer: str) -> bool:
    return name == layer or name.startswith(layer + ".")


def layer_of(module: str) -> str | None:
    """The most exact layer that has arrows of its own."""
    matching = [layer for layer in ARROWS if within(module, layer)]
    return max(matching, key=len, default=None)


@pytest.mark.parametrize("module", sorted(MODULES - {"__init__", "__main__"}))
def test_module_imports_only_where_an_arrow_points(module: str) -> None:
    layer = layer_of(module)
    assert layer is not None, f"{module} belongs to no layer: draw its arrows in ARROWS"
    allowed = ARROWS[layer] | {layer, "errors"}
    for name in imports(module):
        own = name.removeprefix("dockernb.")
        if name == "dockernb" or not name.startswith("dockernb."):
            continue
        assert any(within(own, target) for target in allowed), f"{module} imports {name}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_foreign_packages_come_in_through_their_doors(module: str) -> None:
    for name in imports(module):
        doors = DOORS.get(name.split(".")[0])
        if doors is not None:
            assert any(within(module, door) for door in doors), f"{module} imports {name}"


def test_a_planted_arrow_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARROWS, "build", {"dockerfile"})
    with pytest.raises(AssertionError, match="imports dockernb"):
        test_module_imports_only_where_an_arrow_points("build.builder")


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("dockernb", ["docker", "ipywidgets", "nbformat", "ipykernel"]),
        ("dockernb.dockerfile.parse", ["docker", "ipywidgets", "nbformat", "ipykernel"]),
        ("dockernb.oci.manifest", ["docker", "requests", "urllib3", "zstandard"]),
        ("dockernb.session", ["docker", "ipywidgets", "nbformat", "ipykernel"]),
        ("dockernb.ui", ["ipywidgets", "anywidget", "numpy"]),
        ("dockernb.kernel.kernel", ["docker", "ipywidgets", "anywidget", "nbformat", "numpy"]),
    ],
)
def test_import_is_light(module: str, forbidden: list[str]) -> None:
    code = f"import sys, {module}; print(*[n for n in {forbidden!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
