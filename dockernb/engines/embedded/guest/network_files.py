"""/etc/hosts and /etc/resolv.conf as a guest sees them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

__all__ = ["HOSTNAME", "hosts_file", "resolver_file"]

#: BuildKit's name for the machine in a RUN.
HOSTNAME = "buildkitsandbox"
_MOST_BYTES = 1 << 20


def hosts_file(
    extra: Mapping[str, str], *, hostname: str = HOSTNAME, host: str | None = None
) -> bytes:
    """BuildKit's two lines, the host's own names that lead elsewhere, and the extra ones.

    Args:
        extra: Name -> address.
        hostname: What the machine is called where the command runs.
        host: The host's file, if not the one at /etc/hosts.
    """
    lines = [f"127.0.0.1\tlocalhost {hostname}", "::1\tlocalhost ip6-localhost ip6-loopback"]
    lines += _foreign(_text("/etc/hosts") if host is None else host)
    lines += [f"{address}\t{name}" for name, address in extra.items()]
    return ("\n".join(lines) + "\n").encode()


def resolver_file() -> bytes:
    """The host's resolv.conf: a guest uses the host's network."""
    return _text("/etc/resolv.conf").encode()


def _foreign(text: str) -> list[str]:
    found = []
    for line in text.split("\n"):
        words = line.partition("#")[0].split()
        try:
            address = ipaddress.ip_address(words[0].partition("%")[0]) if len(words) > 1 else None
        except ValueError:
            continue
        if address and not (address.is_loopback or address.is_multicast or _is_prefix(address)):
            found.append(f"{words[0]}\t{' '.join(words[1:])}")
    return found


def _is_prefix(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """fe00::0, "ip6-localnet" of most distributions: a net, no machine."""
    return address in {ipaddress.ip_address("fe00::0"), ipaddress.ip_address("ff00::0")}


def _text(path: str) -> str:
    try:
        with Path(path).open(errors="surrogateescape") as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return ""
