"""A connection to the daemon, as a socket: Unix socket, TCP, TLS or ssh.

Whatever goes over it is HTTP, and a two-way stream where a container is attached to, so nothing
above knows which one it is.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from dockernb.errors import EngineNotAvailableError

from .connection import Endpoint, Tls
from .ssh import dial_ssh, ssh_command

__all__ = ["Dial", "dialer"]

#: Makes a connection. The argument: seconds to wait at most, for it and then for each read and
#: write; None stands for ever. Raises OSError.
Dial = Callable[[float | None], socket.socket]

_PORT, _TLS_PORT = 2375, 2376  # as IANA has them, and Docker's command line


def dialer(endpoint: Endpoint) -> Dial | None:
    """The way to make connections to `endpoint`; None where it is none of ours (a named pipe).

    Raises:
        EngineNotAvailableError: the address makes no sense, or its TLS files cannot be used.
    """
    scheme = endpoint.address.partition("://")[0]
    if endpoint.socket_path is not None:
        path = endpoint.socket_path
        return lambda seconds: _unix(path, seconds)
    if scheme == "ssh":
        command = ssh_command(endpoint.address)
        return lambda seconds: dial_ssh(command, seconds)
    if scheme == "npipe":
        return None
    host, port = _host_and_port(endpoint)
    if endpoint.tls is None:
        return lambda seconds: _tcp(host, port, seconds)
    context = _context(endpoint.address, endpoint.tls)
    return lambda seconds: _tls(host, port, context, seconds)


def _unix(path: str, seconds: float | None) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _tcp(host: str, port: int, seconds: float | None) -> socket.socket:
    connection = socket.create_connection((host, port), seconds)
    # A host that is gone is noticed, however long a command says nothing.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _tls(host: str, port: int, context: ssl.SSLContext, seconds: float | None) -> socket.socket:
    connection = _tcp(host, port, seconds)
    try:
        return context.wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


def _host_and_port(endpoint: Endpoint) -> tuple[str, int]:
    usual = _TLS_PORT if endpoint.tls else _PORT
    scheme: str = ""
    try:
        parts = urlsplit(endpoint.address)
        scheme, host, port = parts.scheme, parts.hostname, parts.port or usual
    except ValueError:  # a port over 65535, a bracket that does not close
        host, port = None, usual
    if scheme not in {"tcp", "http", "https"} or not host:
        raise EngineNotAvailableError(
            f'"{endpoint.address}" ({endpoint.source}) is no address of a Docker daemon',
            rule="an address is unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST",
            hint="set DOCKER_HOST, or choose a context with `docker context use NAME`",
        )
    return host, port


def _context(address: str, tls: Tls) -> ssl.SSLContext:
    """What is checked, and who we say that we are."""
    try:
        if tls.verify:
            context = ssl.create_default_context(cafile=_text(tls.ca))
            # Strict since Python 3.13: Docker's own recipe for certificates does not pass it.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if tls.cert and tls.key:
            # An empty password: a key that has one is an error, and nobody is asked for it.
            context.load_cert_chain(tls.cert, tls.key, password="")
    except (OSError, ValueError) as err:
        named = ", ".join(f'"{path}"' for path in tls.files)
        raise EngineNotAvailableError(
            f'the TLS files for "{address}" cannot be used: {named}',
            rule=getattr(err, "strerror", None) or str(err),
            hint="DOCKER_CERT_PATH, or the Docker context, must have ca.pem, cert.pem and key.pem",
        ) from err
    return context


def _text(path: Path | None) -> str | None:
    return str(path) if path else None
