"""What the magics of a notebook mean to the command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from dockernb.build.build_flags import NO_FLAGS, BuildFlags, parse_flags
from dockernb.build.named_contexts import find_context
from dockernb.cli.options import read_secret
from dockernb.dockerfile.magics import Magic, MagicArgumentError, parse_key_value, parse_secret
from dockernb.errors import DockernbError, NotebookError

__all__ = ["Settings", "TakesSettings"]


class TakesSettings(Protocol):
    """The part of a session that magics change."""

    def set_context(self, root: Path) -> None: ...

    def set_build_arg(self, name: str, value: str | None) -> None: ...

    def set_secret(self, secret_id: str, content: bytes) -> None: ...

    def set_flags(self, words: Sequence[str]) -> None: ...


@dataclass
class Settings:
    """Build args, secrets and context: what was given on the command line, then what magics say.

    Args:
        folder: The notebook's folder; paths in magics are relative to it.
        given_context: `--context`.
        given_args, given_secrets: `--build-arg`, `--secret`; a magic does not change these.
        given_flags: The flags of `build_flags`; each takes the place of the magics' ones.
    """

    folder: Path
    given_context: Path | None = None
    given_args: Mapping[str, str] = field(default_factory=dict)
    given_secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    given_flags: BuildFlags = NO_FLAGS

    def __post_init__(self) -> None:
        self.context = self.given_context or self.folder
        self.build_args = dict(self.given_args)
        self.secrets = dict(self.given_secrets)
        self.flags = self.given_flags

    def apply(self, magic: Magic, session: TakesSettings) -> str | None:
        """Does what a magic says; returns a note for the reader when it was left out.

        A note also says what the notebook takes from outside its folder, which is nothing that the
        command line has named: the notebook may be a stranger's.

        %arg, %build, %context and %secret count. All other magics look at something or ask for
        something that has its own command or option.
        """
        try:
            match "%%" + magic.name if magic.cell_magic else magic.name:
                case "arg" if magic.argument:
                    self._arg(magic.argument, session)
                case "build" if magic.argument:
                    return self._build(magic.argument, session)
                case "context" if magic.argument:
                    return self._context(magic.argument, session)
                case "secret" if magic.argument:
                    return self._secret(magic.argument, session)
                case "check":
                    return "%check is left out: `dockernb check` checks the exercises"
                case name:
                    return f"%{name} is left out: it has no meaning here".replace("%%%", "%%")
        except (MagicArgumentError, ValueError, RuntimeError) as err:  # of "~nobody", too
            raise NotebookError(f"%{magic.name}: {err}") from err
        return None

    def _arg(self, argument: str, session: TakesSettings) -> None:
        words = shlex.split(argument)
        if len(words) != 1:
            raise MagicArgumentError(f'expected NAME=VALUE, got "{argument}"')
        name, value = parse_key_value(words[0])
        if name in self.given_args:
            return
        if value is None:
            self.build_args.pop(name, None)
        else:
            self.build_args[name] = value
        session.set_build_arg(name, value)

    def _build(self, argument: str, session: TakesSettings) -> str | None:
        words = shlex.split(argument)
        own = parse_flags([] if words == ["none"] else words, self.folder)
        # Of a flag that stands twice the last one counts: the one of the command line.
        whole = (*own.words, *self.given_flags.words)
        self.flags = parse_flags(whole, self.folder)
        session.set_flags(whole)
        notes = [f"%build gives RUN your ssh agent at {socket}" for socket in own.ssh.values()]
        for name in own.contexts:
            with suppress(DockernbError):  # it is told where the context is needed
                context = find_context(name, own.contexts)
                folder = context.folder if context is not None else None
                note = self._from_outside("%build reads", folder) if folder else None
                notes += [note] if note else []
        return "; ".join(notes) or None

    def _context(self, argument: str, session: TakesSettings) -> str | None:
        if self.given_context is not None:
            return None
        words = shlex.split(argument)
        root = self.folder / Path(words[0]).expanduser()
        if len(words) != 1 or not root.is_dir():
            raise MagicArgumentError(f'"{argument}" is not a folder (looked for "{root}")')
        self.context = root
        session.set_context(root)
        return self._from_outside("%context reads", root)

    def _secret(self, argument: str, session: TakesSettings) -> str | None:
        source = parse_secret(",".join(shlex.split(argument)))
        if source.id in self.given_secrets:
            return None
        content = read_secret(source, self.folder)
        self.secrets[source.id] = content
        session.set_secret(source.id, content)
        if source.kind != "src":
            return f"%secret takes the variable {source.value or source.id} of the environment"
        return self._from_outside("%secret reads", self.folder / Path(source.value).expanduser())

    def _from_outside(self, does: str, path: Path) -> str | None:
        real = path.resolve()
        if real.is_relative_to(self.folder.resolve()):
            return None
        return f"{does} {real}, outside the notebook's folder"
