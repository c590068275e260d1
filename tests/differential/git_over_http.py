"""A git repository over HTTP, for those who have the token: `git http-backend` behind a handler."""

from __future__ import annotations

import base64
import email
import http.server
import os
import subprocess
from http import HTTPStatus
from pathlib import Path

TOKEN = "a token of a private repository"
_WANTED = base64.b64encode(b"x-access-token:" + TOKEN.encode()).decode()


class GitHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files, and below /private/ repositories to those who have the token."""

    def do_GET(self) -> None:
        if not self.path.startswith("/private/"):
            super().do_GET()
        elif not self._has_token():
            self.send_response(HTTPStatus.UNAUTHORIZED)
            self.send_header("WWW-Authenticate", 'Basic realm="private"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._answer()

    do_POST = do_GET

    def _has_token(self) -> bool:
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "basic" and value == _WANTED

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(Path(self.directory)),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path.removeprefix("/private"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, check=True
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = email.message_from_bytes(head)
        self.send_response(int(headers.get("Status", "200").split()[0]))
        for name, value in headers.items():
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name above
        """Nothing."""
