"""Writes the kernelspec and the lab extension, so that Jupyter finds them.

`pip install` brings a kernelspec along whose "python" is the Jupyter server's own. This one names
the Python that dockernb is installed in, for servers that run from another environment; they find
the lab extension in the same place.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from dockernb.errors import DockernbError

__all__ = ["KERNEL_NAME", "install"]

KERNEL_NAME = "dockernb"
_RESOURCES = Path(__file__).parent / "resources"


def install(
    *, user: bool = False, sys_prefix: bool = False, prefix: str | Path | None = None
) -> Path:
    """Installs the kernelspec with this Python in it, and the lab extension, over older ones.

    Args:
        user: Into the user's Jupyter folder; also when nothing else is said.
        sys_prefix: Into this Python's environment.
        prefix: Into `<prefix>/share/jupyter/kernels`.

    Returns:
        The folder of the kernelspec.

    Raises:
        DockernbError: the folder cannot be written.
    """
    from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415 - loads traitlets

    if sys_prefix:
        prefix = sys.prefix
    with tempfile.TemporaryDirectory(prefix="dockernb-") as temporary:
        folder = Path(temporary) / KERNEL_NAME
        shutil.copytree(_RESOURCES / "kernelspec", folder)
        _name_this_python(folder / "kernel.json")
        try:
            written = KernelSpecManager().install_kernel_spec(
                str(folder),
                KERNEL_NAME,
                user=user or prefix is None,
                prefix=None if prefix is None or user else str(prefix),
            )
            _copy_extension(Path(written).parent.parent / "labextensions" / KERNEL_NAME)
        except OSError as error:
            raise DockernbError(
                f'the kernelspec cannot be written: {error.strerror}: "{error.filename}"',
                hint="Choose another place: `dockernb install --user`, --sys-prefix, --prefix DIR",
            ) from error
    return Path(written)


def _copy_extension(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_RESOURCES / "labextension", folder)


def _name_this_python(path: Path) -> None:
    spec = json.loads(path.read_text("utf-8"))
    spec["argv"][0] = sys.executable
    path.write_text(json.dumps(spec, indent=2) + "\n", "utf-8")
