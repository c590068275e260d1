"""One HTTP request to the daemon: what the rest of the package calls.

On top of `docker.APIClient`, which is a session of `requests` and knows the reader's registry
credentials. Its methods are not used: they cost more round trips and hide the status.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http.client import HTTPException
from typing import Any

import docker
import requests
import urllib3
from docker.errors import DockerException

from dockernb.errors import EngineNotAvailableError

from .adapter import DialAdapter
from .connection import Endpoint
from .dial import Dial, dialer
from .errors import DaemonError, from_answer, from_message, from_response, not_available
from .hang_up import hung_up_at
from .unix_get import UnixGet

__all__ = ["LONG", "QUICK", "DockerApi", "Query", "stream_error"]

# Seconds to connect and to wait for the next bytes. A commit, an upload or a running container may
# say nothing for as long as it takes.
QUICK: tuple[float, float | None] = (10.0, 60.0)
LONG: tuple[float, float | None] = (10.0, None)
_SHORT_SECONDS = 60.0
# The first answer; over ssh it takes the login, too.
_FIRST = (5.0, 25.0)
_CONNECTIONS = 64
# What this package was written for; a newer daemon keeps on speaking it.
_NEWEST_API = "1.45"

# Pairs where a name stands more than once.
Query = Mapping[str, str | bytes | int] | Sequence[tuple[str, str]]


class DockerApi:
    """A pool of connections to one daemon, for all threads of the process.

    The connections that a daemon's restart leaves behind are noticed and replaced, so the same
    object works again when the daemon is back.

    Attributes:
        dial: Makes a connection of one's own; None over a named pipe.
        is_podman: Whether it is Podman that speaks Docker's API.

    Raises:
        EngineNotAvailableError: the daemon does not answer.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.dial = dialer(endpoint)
        self._client = _client(endpoint, self.dial)
        self._base = self._client.base_url
        self._version = self._negotiate()
        self._base += self.version_path
        self._unix = _unix_get(endpoint, self._client)

    @property
    def client(self) -> docker.APIClient:
        """The SDK's client, for the reader's registry credentials."""
        return self._client

    def request(  # noqa: PLR0913 - what HTTP has
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Any = None,
        data: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
        timeout: tuple[float, float | None] = QUICK,
    ) -> requests.Response:
        """The answer to a request.

        Args:
            path: Behind the API version, quoted, for example `/containers/4f.../start`.
            body: Sent as JSON.
            data: Sent as it is (a tar); an iterable is sent in chunks.
            stream: The body is not read yet; the caller closes the response.

        Raises:
            EngineNotAvailableError: no connection, or it broke.
            DaemonError: a status of 400 and more.
            StorageFullError: the daemon's disk is full.
        """
        sent = dict(headers or {})
        if body is not None:
            data, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        elif data is not None:
            sent["Content-Type"] = "application/x-tar"
        response = self._send(
            method, path, params=query, data=data, headers=sent, stream=stream, timeout=timeout
        )
        if response.status_code >= 400:
            with response:
                raise from_response(response)
        return response

    def _send(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Sends; what only asks is asked once more if a kept connection turns out to be dead."""
        attempts = 2 if method in {"GET", "HEAD"} else 1
        while True:
            attempts -= 1
            try:
                return self._client.request(method, self._base + path, **arguments)
            except requests.exceptions.ConnectionError as err:
                if attempts == 0:
                    raise self.lost(err) from err
            except requests.exceptions.RequestException as err:
                raise self.lost(err) from err

    def lost(self, err: Exception) -> EngineNotAvailableError:
        """The error for a connection that broke with `err`."""
        return not_available(self.endpoint, err)

    def lines(
        self, path: str, query: Query, headers: Mapping[str, str], stop: threading.Event
    ) -> Iterator[dict[str, Any]]:
        """The JSON lines of a POST that tells its progress; ends when `stop` is set.

        Leaving closes the connection, which makes the daemon stop; so does `stop`, also while
        nothing arrives. It must be set in the end.
        """
        response = self.request(
            "POST", path, query=query, headers=headers, stream=True, timeout=LONG
        )
        with response, hung_up_at(stop, response):
            try:
                for line in response.iter_lines():
                    if stop.is_set():
                        return
                    if line:
                        yield json.loads(line)
            except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as err:
                if not stop.is_set():
                    raise self.lost(err) from err

    def get_json(self, path: str, query: Query | None = None) -> Any:
        """The JSON that a GET answers with."""
        if query is not None:
            return self.request("GET", path, query=query).json()
        return json.loads(self._get(path, _SHORT_SECONDS))

    def _get(self, path: str, seconds: float) -> bytes:
        """The body that a GET answers with; over a Unix socket on the short way."""
        if self._unix is None:
            return self.request("GET", path, timeout=(seconds, seconds)).content
        try:
            status, reason, content = self._unix.get(self.version_path + path, seconds)
        except (OSError, HTTPException) as err:
            raise self.lost(err) from err
        if status >= 400:
            raise from_answer(status, reason, content)
        return content

    @property
    def version(self) -> tuple[int, ...]:
        """The API version in use."""
        return tuple(int(part) for part in self._version.split("."))

    @property
    def version_path(self) -> str:
        """What stands before the paths of requests that do not go through `request`."""
        return f"/v{self._version}"

    def _negotiate(self) -> str:
        """The newest API version that both sides know."""
        try:
            answer = self.request("GET", "/_ping", timeout=_FIRST)
        except DaemonError as err:  # for example HTTP to a port that expects TLS
            raise not_available(self.endpoint, err, err.words) from err
        self.is_podman = "Libpod-Api-Version" in answer.headers
        offered = answer.headers.get("Api-Version") or _NEWEST_API
        return min(offered, _NEWEST_API, key=lambda text: [int(part) for part in text.split(".")])

    def ping(self) -> None:
        """Raises `EngineNotAvailableError` unless the daemon answers."""
        self._get("/_ping", 5.0)

    def close(self) -> None:
        """Ends the connections that are not in use."""
        self._client.close()
        if self._unix is not None:
            self._unix.close()


def _client(endpoint: Endpoint, dial: Dial | None) -> docker.APIClient:
    address = endpoint.address if dial is None else "http://localhost:2375"
    try:
        # With a version, so that it does not ask; see `_negotiate`.
        client = docker.APIClient(base_url=address, version=_NEWEST_API, max_pool_size=_CONNECTIONS)
    except (DockerException, requests.exceptions.RequestException, OSError) as err:
        raise not_available(endpoint, err) from err
    if dial is not None:
        client.mount("http://", DialAdapter(dial, _CONNECTIONS))
    # Compressing the files of a container takes the daemon longer than sending them.
    client.headers["Accept-Encoding"] = "identity"
    # Proxies are for registries; the way to the daemon is the one that the reader named.
    client.trust_env = False
    return client


def _unix_get(endpoint: Endpoint, client: docker.APIClient) -> UnixGet | None:
    if endpoint.socket_path is None:
        return None
    headers = {name: str(value) for name, value in client.headers.items()}
    return UnixGet(endpoint.socket_path, headers)


def stream_error(line: Mapping[str, Any]) -> Exception | None:
    """The error inside a stream that was answered with HTTP 200 (trap T6), if `line` is one."""
    if "error" not in line and "errorDetail" not in line:
        return None
    detail = line.get("errorDetail") or {}
    return from_message(
        str(detail.get("message") or line.get("error")), int(detail.get("code", 200))
    )
