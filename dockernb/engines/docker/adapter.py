"""All requests to one daemon through one pool of connections, however it is reached.

The SDK has an adapter for each kind of address. They keep a pool per URL, so that no connection is
used twice, leave the sockets of failed connections open, and do not say why ssh ended.
"""

from __future__ import annotations

from typing import Any

from docker.transport.basehttpadapter import BaseHTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from .dial import Dial

__all__ = ["DialAdapter"]


class DialAdapter(BaseHTTPAdapter):
    """What `requests` sends with.

    Args:
        connections: How many are kept for further requests.
    """

    def __init__(self, dial: Dial, connections: int) -> None:
        super().__init__()
        self._pool = _Pool(dial, connections)

    def get_connection(self, url: str | bytes, proxies: Any = None) -> Any:  # noqa: ARG002
        return self._pool

    def request_url(self, request: Any, proxies: Any) -> Any:  # noqa: ARG002
        return request.path_url

    def close(self) -> None:
        self._pool.close()
        super().close()


class _Pool(HTTPConnectionPool):
    def __init__(self, dial: Dial, connections: int) -> None:
        super().__init__("localhost", maxsize=connections)
        self._dial = dial

    def _new_conn(self) -> Any:
        return _Connection(self._dial)


class _Connection(HTTPConnection):
    def __init__(self, dial: Dial) -> None:
        super().__init__("localhost")
        self._dial = dial

    def connect(self) -> None:
        self.sock = self._dial(self.timeout)
