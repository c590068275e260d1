"""The image config: what an image says about itself beside its files.

Follows config.md of the OCI image specification, with Docker's additions (Healthcheck, OnBuild,
Shell, ArgsEscaped). Values are immutable; `with_` methods are `dataclasses.replace`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import OciError
from .digest import sha256_digest

__all__ = ["Healthcheck", "HistoryEntry", "ImageConfig", "Platform", "RuntimeConfig"]


# Fields of a container's config that old images carry along. No builder hands them on, and they
# mean nothing in an image (image-spec config.md does not know them).
_CONTAINER_ONLY = frozenset(
    {
        "Hostname",
        "Domainname",
        "AttachStdin",
        "AttachStdout",
        "AttachStderr",
        "Tty",
        "OpenStdin",
        "StdinOnce",
        "Image",
        "NetworkDisabled",
        "MacAddress",
    }
)


@dataclass(frozen=True)
class Platform:
    """os/architecture[/variant], as in `linux/amd64` or `linux/arm/v7`."""

    os: str = "linux"
    architecture: str = "amd64"
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True)
class Healthcheck:
    """HEALTHCHECK. Times are nanoseconds; 0 means "not set"."""

    test: tuple[str, ...] = ()
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0

    def to_json(self) -> dict[str, Any]:
        values = {
            "Test": list(self.test) or None,
            "Interval": self.interval,
            "Timeout": self.timeout,
            "StartPeriod": self.start_period,
            "StartInterval": self.start_interval,
            "Retries": self.retries,
        }
        return {key: value for key, value in values.items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Healthcheck:
        return cls(
            test=tuple(data.get("Test") or ()),
            interval=data.get("Interval") or 0,
            timeout=data.get("Timeout") or 0,
            start_period=data.get("StartPeriod") or 0,
            start_interval=data.get("StartInterval") or 0,
            retries=data.get("Retries") or 0,
        )


@dataclass(frozen=True)
class RuntimeConfig:
    """The `config` object of an image: what a container made from it gets by default.

    `None` for `cmd` and `entrypoint` means "not set"; an empty tuple means "set to nothing"
    (`CMD []`). `env` holds "KEY=value" strings in order. `other` keeps fields that dockernb
    does not know, so that a base's config is never impoverished.
    """

    user: str = ""
    exposed_ports: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    volumes: tuple[str, ...] = ()
    working_dir: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None
    onbuild: tuple[str, ...] = ()
    shell: tuple[str, ...] = ()
    args_escaped: bool = False
    other: Mapping[str, Any] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """`env` as a dict; a later entry of the same key wins."""
        return dict(_split_env(item) for item in self.env)

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = dict(self.other)
        values: dict[str, Any] = {
            "User": self.user,
            "ExposedPorts": {port: {} for port in sorted(self.exposed_ports)},
            "Env": list(self.env),
            "Volumes": {path: {} for path in sorted(self.volumes)},
            "WorkingDir": self.working_dir,
            "Labels": dict(sorted(self.labels.items())),
            "StopSignal": self.stop_signal,
            "Healthcheck": self.healthcheck.to_json() if self.healthcheck else None,
            "OnBuild": list(self.onbuild),
            "Shell": list(self.shell),
            "ArgsEscaped": self.args_escaped,
        }
        data.update({key: value for key, value in values.items() if value})
        if self.entrypoint is not None:
            data["Entrypoint"] = list(self.entrypoint)
        if self.cmd is not None:
            data["Cmd"] = list(self.cmd)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> RuntimeConfig:
        data = dict(data or {})
        health = data.pop("Healthcheck", None)
        entrypoint, cmd = data.pop("Entrypoint", None), data.pop("Cmd", None)
        return cls(
            user=data.pop("User", None) or "",
            exposed_ports=tuple(data.pop("ExposedPorts", None) or ()),
            env=tuple(data.pop("Env", None) or ()),
            entrypoint=None if entrypoint is None else tuple(entrypoint),
            cmd=None if cmd is None else tuple(cmd),
            volumes=tuple(data.pop("Volumes", None) or ()),
            working_dir=data.pop("WorkingDir", None) or "",
            labels=data.pop("Labels", None) or {},
            stop_signal=data.pop("StopSignal", None) or "",
            healthcheck=Healthcheck.from_json(health) if health else None,
            onbuild=tuple(data.pop("OnBuild", None) or ()),
            shell=tuple(data.pop("Shell", None) or ()),
            args_escaped=bool(data.pop("ArgsEscaped", False)),
            other={
                key: value
                for key, value in data.items()
                if key not in _CONTAINER_ONLY and value is not None
            },
        )


@dataclass(frozen=True)
class HistoryEntry:
    """One line of `docker history`; `created` is RFC 3339, `empty_layer`: it made no layer."""

    created: str = ""
    created_by: str = ""
    comment: str = ""
    author: str = ""
    empty_layer: bool = False

    def to_json(self) -> dict[str, Any]:
        values = {
            "created": self.created,
            "created_by": self.created_by,
            "author": self.author,
            "comment": self.comment,
            "empty_layer": self.empty_layer,
        }
        return {key: value for key, value in values.items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> HistoryEntry:
        return cls(
            created=data.get("created") or "",
            created_by=data.get("created_by") or "",
            comment=data.get("comment") or "",
            author=data.get("author") or "",
            empty_layer=bool(data.get("empty_layer")),
        )


@dataclass(frozen=True)
class ImageConfig:
    """A whole image config; its digest is the image ID.

    Args:
        diff_ids: Digests of the uncompressed layer tars, base first.
    """

    platform: Platform = Platform()
    runtime: RuntimeConfig = RuntimeConfig()
    author: str = ""
    created: str = ""
    diff_ids: tuple[str, ...] = ()
    history: tuple[HistoryEntry, ...] = ()

    def with_runtime(self, **changes: Any) -> ImageConfig:
        """A copy with the given fields of `runtime` replaced."""
        return replace(self, runtime=replace(self.runtime, **changes))

    def with_layers(self, diff_ids: Sequence[str]) -> ImageConfig:
        """A copy with these layers."""
        return replace(self, diff_ids=tuple(diff_ids))

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "architecture": self.platform.architecture,
            "os": self.platform.os,
            "config": self.runtime.to_json(),
            "rootfs": {"type": "layers", "diff_ids": list(self.diff_ids)},
            "history": [entry.to_json() for entry in self.history],
        }
        optional = {
            "variant": self.platform.variant,
            "author": self.author,
            "created": self.created,
        }
        data.update({key: value for key, value in optional.items() if value})
        return data

    def to_bytes(self) -> bytes:
        """Canonical JSON: what is stored, and what `image_id` is the digest of."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":")).encode()

    @property
    def image_id(self) -> str:
        """`sha256:` digest of `to_bytes()`."""
        return sha256_digest(self.to_bytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> ImageConfig:
        """The config from its stored bytes, which may come from anywhere.

        Raises:
            OciError: they are no image config.
        """
        try:
            return cls.from_json(json.loads(data))
        except (ValueError, TypeError, AttributeError, RecursionError) as err:
            raise OciError("the config of the image cannot be read") from err

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ImageConfig:
        return cls(
            platform=Platform(
                os=data.get("os") or "linux",
                architecture=data.get("architecture") or "amd64",
                variant=data.get("variant") or "",
            ),
            runtime=RuntimeConfig.from_json(data.get("config")),
            author=data.get("author") or "",
            created=data.get("created") or "",
            diff_ids=tuple((data.get("rootfs") or {}).get("diff_ids") or ()),
            history=tuple(HistoryEntry.from_json(entry) for entry in data.get("history") or ()),
        )


def _split_env(item: str) -> tuple[str, str]:
    key, _, value = item.partition("=")
    return key, value
