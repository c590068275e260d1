"""A Jupyter server for the tests: its own folders, a free port, nothing asked of the internet."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Until it answers, beside whatever else the machine does; no test waits for that.
START_SECONDS = 240
STOP_SECONDS = 20
OPTIONS = (
    "--no-browser",
    "--ip=127.0.0.1",
    "--ServerApp.allow_root=True",
    "--ServerApp.port_retries=0",
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


@dataclass(frozen=True)
class Server:
    """A running server.

    Args:
        url: With the base URL, without a slash at the end.
        root: The folder whose notebooks it shows.
        environment: What the server, and so every kernel, runs with.
    """

    url: str
    token: str
    root: Path
    environment: dict[str, str]


@contextlib.contextmanager
def running(
    folder: Path,
    docker_host: str,
    *,
    app: str = "jupyterlab",
    base_url: str = "/",
    proxy: bool = False,
) -> Iterator[Server]:
    """Starts JupyterLab with an empty DOCKERNB_HOME and stops it in the end.

    Args:
        folder: Everything that the server and its kernels write goes here.
        app: The module to run: jupyterlab or notebook.
        base_url: What stands before all of the server's paths, as behind a hub.
        proxy: With jupyter-server-proxy, which else is switched off where it is installed.
    """
    root = folder / "notebooks"
    root.mkdir(parents=True)
    _settle(folder / "config")
    environment = _environment(folder, docker_host)
    port, token = _free_port(), secrets.token_hex(16)
    arguments = (
        f"--port={port}",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={root}",
        f"--ServerApp.base_url={base_url}",
        f"--ServerApp.jpserver_extensions={{'jupyter_server_proxy': {proxy}}}",
    )
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", app, *OPTIONS, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=root,
            env=environment,
        )
    try:
        _wait_for(port, f"{base_url}api", process, log)
        url = f"http://127.0.0.1:{port}{base_url}".rstrip("/")
        yield Server(url, token, root, environment)
    finally:
        _stop(process)


def _settle(config: Path) -> None:
    """Answers the questions that JupyterLab asks a new reader: no news, no search for updates."""
    settings = config / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    answers = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(answers), "utf-8")


def _environment(folder: Path, docker_host: str) -> dict[str, str]:
    """The machine's environment without its Jupyter settings; installed kernels are still found."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "JPY_", "DOCKER", "PYTEST"))
    }
    return {
        **kept,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "DOCKER_HOST": docker_host,
        "DOCKERNB_ENGINE": "docker",
        "DOCKERNB_HOME": str(folder / "dockernb"),
    }


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(port: int, path: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns when the server answers.

    Raises:
        RuntimeError: it ended, or does not answer in time; with its log.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            time.sleep(0.1)  # between two questions; nothing is synchronised by it
        finally:
            connection.close()
    raise RuntimeError(f"the Jupyter server does not answer:\n{log.read_text('utf-8', 'replace')}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
