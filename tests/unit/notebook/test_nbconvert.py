"""The exporter that nbconvert and JupyterLab's menu use."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import nbformat
import pytest
from nbconvert.utils.exceptions import ConversionException

from dockernb.notebook.cells import notebook_text
from dockernb.notebook.importer import import_dockerfile
from dockernb.notebook.nbconvert_exporter import DockerfileExporter

TEXT = "# a\r\nFROM b\r\n\r\n\r\nRUN c"


def node(text: str = TEXT) -> nbformat.NotebookNode:
    return nbformat.reads(notebook_text(import_dockerfile(text)), as_version=4)


def test_entry_point_names_the_exporter() -> None:
    found = entry_points(group="nbconvert.exporters")["dockerfile"]
    assert found.value == "dockernb.notebook.nbconvert_exporter:DockerfileExporter"
    assert DockerfileExporter.export_from_notebook == "Dockerfile"


def test_export_gives_the_exact_text() -> None:
    output, resources = DockerfileExporter().from_notebook_node(node())
    assert output == TEXT
    assert resources["output_extension"] == ".dockerfile"


def test_notebook_called_dockerfile_becomes_a_bare_dockerfile(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile.ipynb"
    path.write_text(notebook_text(import_dockerfile(TEXT)))
    _, resources = DockerfileExporter().from_filename(str(path))
    assert resources["output_extension"] == ""


def test_notebook_of_another_kernel_is_refused_with_the_reason() -> None:
    spec = {"name": "python3", "display_name": "Python 3"}
    foreign = nbformat.v4.new_notebook(metadata={"kernelspec": spec})
    with pytest.raises(ConversionException, match='kernel "python3", not of "dockernb"'):
        DockerfileExporter().from_notebook_node(foreign)
