"""A notebook as completion knows it, written down by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from dockernb.complete.knowledge import Found
from dockernb.complete.wanted import Kind

FILES = {
    "/": ["bin/", "etc/", "opt/", "srv/"],
    "/srv": ["app/", "data.txt", ".profile", "two words", "it's"],
    "/srv/app": ["main.py"],
    "/opt": ["tool*", "readme"],
    "/etc": ["passwd", "apt/"],
}
CONTEXT = {"": ["app/", "apt.txt", ".hidden", "a b.txt"], "app/": ["main.py", "lib/"]}
CONTEXT |= {f"./{name}": entries for name, entries in CONTEXT.items()}
STAGE = {"/": ["out/"], "/out": ["server", "conf/"]}


def found(names: Sequence[str]) -> list[Found]:
    """`name/` is a folder, `name*` can be run."""
    return [Found(name.rstrip("/*"), name.endswith("/"), name.endswith("*")) for name in names]


@dataclass
class Known:
    """Of a cell below `FROM debian AS build`."""

    build: Mapping[str, str] = field(default_factory=lambda: {"VERSION": "2"})

    def stages(self) -> Sequence[str]:
        return ("base", "build")

    def images(self, typed: str) -> Sequence[str]:
        tags = ["debian:bookworm", "debian:trixie"] if typed.startswith("debian:") else []
        return ["busybox:latest", "debian:bookworm-slim", *tags]

    def variables(self) -> Mapping[str, str]:
        return {"PATH": "/bin", "PORT": "6379", "API_TOKEN": "hidden"}

    def global_arguments(self) -> Mapping[str, str]:
        return {"BASE": "debian"}

    def build_args(self) -> Collection[str]:
        return self.build

    def working_dir(self) -> str:
        return "/srv"

    def users(self) -> Sequence[str]:
        return ("root", "redis", "nobody")

    def groups(self) -> Sequence[str]:
        return ("root", "redis", "staff")

    def commands(self) -> Collection[str]:
        return {"apt-get", "apt-cache", "awk", "sh", "redis-server"}

    def folder(self, path: str, of: str) -> Sequence[Found]:
        return found((STAGE if of else FILES).get(path, []))

    def context(self, path: str) -> Sequence[Found]:
        return found(CONTEXT.get(path, []))

    def disk(self, path: str) -> Sequence[Found]:
        return found(["notes/", "secret.txt"] if not path else [])

    def listed(self, kind: Kind) -> Sequence[str]:
        names = {"snapshot": ("1", "2", "build"), "step": ("1", "2"), "secret": ("token",)}
        names |= {"run": ("web",), "environment": ("HOME",), "exercise": ("first",)}
        names |= {"magic name": ("arg", "ls"), "archive form": ("docker", "oci")}
        return names.get(kind, ())
