"""Builds a Dockerfile as a reader does: cell by cell in a real kernel, by the Jupyter protocol."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from dockernb.notebook.importer import import_dockerfile

from .case import Case

CARD = "application/vnd.dockernb.card+json"


@dataclass
class KernelBuild:
    """What the cells of one notebook answered."""

    cards: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None

    @property
    def image_id(self) -> str:
        """The last snapshot."""
        return str(self.snapshots[-1])

    @property
    def snapshots(self) -> list[str]:
        return [card["snapshot"]["id"] for card in self.cards if card["snapshot"]]


@contextmanager
def running_kernel(environment: Mapping[str, str]) -> Iterator[BlockingKernelClient]:
    """A kernel of its own.

    Args:
        environment: Its variables beside ours; DOCKERNB_HOME gives it a cache of its own.
    """
    variables = {**os.environ, **environment}
    manager, client = start_new_kernel(kernel_name="dockernb", env=variables)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def build(client: BlockingKernelClient, case: Case) -> KernelBuild:
    """Runs the notebook that the case's Dockerfile becomes, from its first to its last cell."""
    result = KernelBuild()
    settings = ["%reset", f"%context {case.context}"]
    settings += [
        f"%arg {shlex.quote(f'{name}={value}')}" for name, value in case.build_args.items()
    ]
    settings += [f"%secret {name} src={path}" for name, path in case.secrets.items()]
    flags = [flag.replace("CONTEXT", str(case.context)) for flag in case.flags]
    settings.append(f"%build {shlex.join(flags) or 'none'}")
    text = case.dockerfile.read_bytes().decode("utf-8", "surrogateescape")
    notebook = import_dockerfile(text)
    cells = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for source in ["\n".join(settings), *cells]:
        _execute(client, source, result)
        if result.error:
            break
    unset = [f"%arg {name}" for name in case.build_args]
    unset += [f"%secret {name} src={os.devnull}" for name in case.secrets]
    if unset:
        _execute(client, "\n".join(unset), KernelBuild())
    return result


def _execute(client: BlockingKernelClient, source: str, result: KernelBuild) -> None:
    cards: dict[str, dict[str, Any]] = {}

    def collect(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] in ("display_data", "update_display_data"):
            card = content["data"].get(CARD)
            if card is not None:
                cards[content["transient"]["display_id"]] = card

    reply = client.execute_interactive(source, output_hook=collect, timeout=300, allow_stdin=False)
    result.cards += cards.values()
    if reply["content"]["status"] != "ok":
        result.error = "\n".join(reply["content"]["traceback"])
