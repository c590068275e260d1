"""Asks the Jupyter server that started this kernel where the notebook is now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["notebook_path_from_server"]

TIMEOUT_SECONDS = 0.5
MAX_REPLY_BYTES = 1_000_000


def notebook_path_from_server(environment: Mapping[str, str], kernel_id: str) -> Path | None:
    """The path of the notebook whose kernel has the ID `kernel_id`.

    The server's address and token are in the file that it writes for its own processes, named by
    its process ID (JPY_PARENT_PID). None: no such server, no answer in half a second, or the
    kernel belongs to no notebook.
    """
    info = _server_info(environment.get("JPY_PARENT_PID", ""))
    if not kernel_id or not info.get("url"):
        return None
    sessions = _sessions(str(info["url"]), str(info.get("token") or ""))
    for session in sessions:
        if not isinstance(session, dict) or session.get("type") != "notebook":
            continue
        kernel, path = session.get("kernel"), session.get("path")
        if isinstance(kernel, dict) and kernel.get("id") == kernel_id and isinstance(path, str):
            return Path(str(info.get("root_dir", ""))) / path
    return None


def _server_info(process_id: str) -> dict[str, Any]:
    from jupyter_core.paths import jupyter_runtime_dir  # noqa: PLC0415 - seldom needed

    if not process_id.isdigit():
        return {}
    try:
        text = (Path(jupyter_runtime_dir()) / f"jpserver-{process_id}.json").read_bytes()
        info = json.loads(text)
    except (OSError, ValueError):
        return {}
    return info if isinstance(info, dict) else {}


def _sessions(url: str, token: str) -> list[Any]:
    import urllib.request  # noqa: PLC0415 - seldom needed

    if not url.startswith(("http://", "https://")):
        return []
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        url.rstrip("/") + "/api/sessions", headers={"Authorization": f"token {token}"}
    )
    # The server is on this machine: a proxy must not see the token.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as reply:
            sessions = json.loads(reply.read(MAX_REPLY_BYTES))
    except (OSError, ValueError):
        return []
    return sessions if isinstance(sessions, list) else []
