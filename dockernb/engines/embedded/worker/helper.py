"""The helper process: enters the namespaces once, then forks a worker for each container.

Started as `python -m dockernb.engines.embedded.worker.helper STORE`, with its channel as standard
input. It answers once with what this machine allows, and then gets the channels of new workers.
"""

from __future__ import annotations

import ctypes
import dataclasses
import gc
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

from dockernb.engines.embedded.guest import (
    Ladder,
    Rung,
    enter_namespaces,
    groups_here,
    probe,
)
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.worker.channel import Channel, ClosedError
from dockernb.engines.embedded.worker.children import Children
from dockernb.engines.embedded.worker.failures import failure_of
from dockernb.engines.embedded.worker.layers import LayerFiles
from dockernb.engines.embedded.worker.serve import Worker

__all__ = ["main"]

_PR_SET_CHILD_SUBREAPER = 36


def main(arguments: list[str]) -> int:
    """Serves until the engine closes the channel; then nothing that was started lives on."""
    store = Path(arguments[0])
    channel = Channel.of_descriptor(os.dup(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the reader's Ctrl-C is the engine's to handle
    _open_many_files()
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        ladder = probe(store)
        groups = groups_here()
        enter_namespaces(ladder.best)
        channel.send(_told(ladder, groups))
    except ClosedError:  # the engine was killed meanwhile
        return 1
    except Exception as error:  # noqa: BLE001 - the engine raises it again
        channel.send(failure_of(error))
        return 1
    children = Children()
    try:
        _fork_workers(channel, children, ladder.best, LayerFiles(StoreFolders(store)))
    except ClosedError:
        pass
    finally:
        children.end()
    return 0


def _fork_workers(channel: Channel, children: Children, rung: Rung, layers: LayerFiles) -> None:
    while True:
        children.wait_for(channel.fileno())
        message, files = channel.receive()
        if not rung.has_overlay:
            with suppress(Exception):  # a worker that needs them says what is wrong with them
                layers.index(layers.learn(message["layers"]))
        if children.fork() == 0:
            channel.close()
            gc.freeze()  # what the helper has read is not searched for garbage again and again
            _work(Worker(Channel.of_descriptor(files[0]), rung, layers))
        for descriptor in files:
            os.close(descriptor)
        channel.send({})


def _work(worker: Worker) -> None:
    """The life of a worker; does not return."""
    code = 1
    try:
        worker.serve()
        code = 0
    finally:
        os._exit(code)


def _told(ladder: Ladder, groups: list[str]) -> dict[str, object]:
    return {
        "rung": int(ladder.best),
        "groups": groups,
        "ladder": [dataclasses.asdict(report) for report in ladder.reports],
    }


def _open_many_files() -> None:
    """Folders are handled open, and a container may nest them deeply."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
