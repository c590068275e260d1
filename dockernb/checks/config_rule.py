"""`config`: what the image says about itself."""

from __future__ import annotations

from dataclasses import dataclass

from dockernb.oci.config import RuntimeConfig

from .match import Match, Value, shown
from .subject import Finding, Subject
from .table import Table

__all__ = ["ConfigRule"]

_FIELDS = ("user", "working_dir", "stop_signal", "cmd", "entrypoint", "start", "healthcheck")
_MAPPINGS = ("env", "labels")
_LISTS = ("exposed", "volumes")
# How the fields are written in a Dockerfile: the reader knows these.
_NAMES = {
    "user": "USER",
    "working_dir": "WORKDIR",
    "stop_signal": "STOPSIGNAL",
    "cmd": "CMD",
    "entrypoint": "ENTRYPOINT",
    "start": "the start command",
    "healthcheck": "HEALTHCHECK",
    "env": "ENV",
    "labels": "LABEL",
    "exposed": "EXPOSE",
    "volumes": "VOLUME",
}


@dataclass(frozen=True)
class ConfigRule:
    """Conditions on fields of the image config; all of them must hold.

    Args:
        fields: Field and condition.
        entries: "env" or "labels", the key in it, and the condition on its value.
        listed: "exposed" or "volumes", and what must be among them.
    """

    fields: tuple[tuple[str, Match], ...] = ()
    entries: tuple[tuple[str, str, Match], ...] = ()
    listed: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, table: Table) -> ConfigRule:
        """The rule that a table says."""
        fields = [(name, table.match(name)) for name in _FIELDS]
        entries = []
        for name in _MAPPINGS:
            below = table.table(name)
            entries += [(name, key, below.match(key)) for key in below.values]
        rule = cls(
            tuple((name, match) for name, match in fields if match is not None),
            tuple((name, key, match) for name, key, match in entries if match is not None),
            tuple((name, each) for name in _LISTS for each in table.texts(name)),
        )
        if rule == cls():
            raise table.error("", f"a condition on the config is missing: {', '.join(_NAMES)}")
        return rule

    def examine(self, subject: Subject) -> Finding:
        """Compares the fields."""
        config = subject.image.config.runtime
        for name, match in self.fields:
            value = _value(config, name)
            if not match.holds(value):
                return Finding(False, f"{_NAMES[name]}: {shown(value)}")
        for name, key, match in self.entries:
            mapping = config.environment if name == "env" else config.labels
            if not match.holds(mapping.get(key)):
                return Finding(False, f"{_NAMES[name]} {key}: {shown(mapping.get(key))}")
        for name, wanted in self.listed:
            there = config.exposed_ports if name == "exposed" else config.volumes
            if wanted not in there:
                return Finding(False, f"{_NAMES[name]}: {shown(tuple(sorted(there)))}")
        return Finding(True)


def _value(config: RuntimeConfig, name: str) -> Value:
    match name:
        case "start":
            return (*(config.entrypoint or ()), *(config.cmd or ()))
        case "healthcheck":
            return config.healthcheck.test if config.healthcheck else None
        case "cmd" | "entrypoint":
            value: tuple[str, ...] | None = getattr(config, name)
            return value
        case _:
            return str(getattr(config, name)) or None
