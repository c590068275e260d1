"""The daemon's bridge: a private network that no other route of the machine covers."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from tests.testbed.errors import TestbedError
from tests.testbed.process import run

#: Where to look for a free network: the tail of 172.16.0.0/12, which Docker itself uses last.
CANDIDATES = tuple(ipaddress.ip_network("172.31.0.0/16").subnets(new_prefix=24))


def make_bridge(name: str) -> None:
    """Make the bridge, with an address of a free network, unless it is there with one."""
    if not _ip("link", "show", "dev", name, missing_ok=True):
        run(["ip", "link", "add", "name", name, "type", "bridge"])
    shown = _ip("-4", "address", "show", "dev", name)
    if not any(row.get("local") for link in shown for row in link.get("addr_info", [])):
        network = free_network()
        gateway = f"{network[1]}/{network.prefixlen}"
        run(["ip", "address", "add", gateway, "dev", name])
    run(["ip", "link", "set", "dev", name, "up"])


def remove_bridge(name: str) -> None:
    """Remove the bridge if it is there."""
    if _ip("link", "show", "dev", name, missing_ok=True):
        run(["ip", "link", "delete", "dev", name])


def free_network() -> ipaddress.IPv4Network:
    """The first candidate that no route of this machine overlaps."""
    taken = [
        ipaddress.IPv4Network(route["dst"], strict=False)
        for route in _ip("-4", "route", "show", "table", "all")
        if route.get("dst", "default") != "default"
    ]
    for candidate in CANDIDATES:
        if isinstance(candidate, ipaddress.IPv4Network) and not any(
            candidate.overlaps(network) for network in taken
        ):
            return candidate
    raise TestbedError("every network of 172.31.0.0/16 is routed on this machine already")


def outer_mtu() -> int:
    """The largest packet that the way out takes; a container's must not be larger."""
    for route in _ip("-4", "route", "show", "default"):
        for link in _ip("link", "show", "dev", route["dev"]):
            return int(link["mtu"])
    return 1500


def _ip(*arguments: str, missing_ok: bool = False) -> list[dict[str, Any]]:
    try:
        printed = run(["ip", "-json", *arguments])
    except TestbedError:
        if missing_ok:
            return []
        raise
    return [row for row in json.loads(printed or "[]") if row]
