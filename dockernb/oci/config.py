"""The image config: what an image says about itself beside its files.

Follows config.md of the OCI image specification, with Docker's additions (Healthcheck, OnBuild,
Shell, ArgsEscaped). Values are immutable; `with_` methods are `dataclasses.replace`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import OciError
from .config_fields import (
    CONFIG_ERRORS,
    checked_json,
    count,
    names,
    object_of,
    objects,
    text,
    texts,
)
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
_KNOWN = frozenset(
    {
        "User",
        "ExposedPorts",
        "Env",
        "Entrypoint",
        "Cmd",
        "Volumes",
        "WorkingDir",
        "Labels",
        "StopSignal",
        "Healthcheck",
        "OnBuild",
        "Shell",
        "ArgsEscaped",
    }
)
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")


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
            test=texts(data, "Test") or (),
            interval=count(data, "Interval"),
            timeout=count(data, "Timeout"),
            start_period=count(data, "StartPeriod"),
            start_interval=count(data, "StartInterval"),
            retries=count(data, "Retries"),
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
        data = data or {}
        health, labels = object_of(data, "Healthcheck"), object_of(data, "Labels")
        return cls(
            user=text(data, "User"),
            exposed_ports=names(data, "ExposedPorts"),
            env=texts(data, "Env") or (),
            entrypoint=texts(data, "Entrypoint"),
            cmd=texts(data, "Cmd"),
            volumes=names(data, "Volumes"),
            working_dir=text(data, "WorkingDir"),
            labels={key: text(labels, key) for key in labels},
            stop_signal=text(data, "StopSignal"),
            healthcheck=Healthcheck.from_json(health) if health else None,
            onbuild=texts(data, "OnBuild") or (),
            shell=texts(data, "Shell") or (),
            args_escaped=bool(data.get("ArgsEscaped")),
            other={
                key: checked_json(value)
                for key, value in data.items()
                if key not in _CONTAINER_ONLY | _KNOWN and value is not None
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
            created=text(data, "created"),
            created_by=text(data, "created_by"),
            comment=text(data, "comment"),
            author=text(data, "author"),
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
            OciError: they are no image config, or a field of it has another type.
        """
        try:
            return cls.from_json(json.loads(data))
        except CONFIG_ERRORS as err:
            raise OciError(
                f"the config of the image cannot be read: {str(err)[:200]}",
                hint="Pull the image again, or have it made again by whoever made it.",
            ) from err

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ImageConfig:
        """The config in `data`.

        Raises:
            TypeError, ValueError: it is no object, or a field has another type.
        """
        if not isinstance(data, dict):
            raise TypeError("it is no JSON object")
        diff_ids = texts(object_of(data, "rootfs"), "diff_ids") or ()
        for diff_id in diff_ids:
            # It becomes the name of a file.
            if not _DIGEST.fullmatch(diff_id):
                raise ValueError(f"the diff ID {json.dumps(diff_id)[:100]}, which is no digest")
        return cls(
            platform=Platform(
                os=text(data, "os") or "linux",
                architecture=text(data, "architecture") or "amd64",
                variant=text(data, "variant"),
            ),
            runtime=RuntimeConfig.from_json(object_of(data, "config")),
            author=text(data, "author"),
            created=text(data, "created"),
            diff_ids=diff_ids,
            history=tuple(map(HistoryEntry.from_json, objects(data, "history"))),
        )


def _split_env(item: str) -> tuple[str, str]:
    key, _, value = item.partition("=")
    return key, value
