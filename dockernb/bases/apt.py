"""A private apt: the machine's program and trust, but lists and downloads in a folder of ours.

Needs no root, and neither reads nor writes what the machine has installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from dockernb.errors import BaseImageError
from dockernb.oci.private_folder import make_private_folder

from .machine import Machine, settings_text
from .name import BaseName
from .programs import Programs, interrupted
from .report import Moment, Reporter
from .sources import Source, choose, stanza

__all__ = ["Packages", "PrivateApt"]

_NO_FILE = os.devnull
#: debootstrap's "minbase": what is essential or required, and apt.
_WITH_REQUIRED = ("apt",)
#: So that init-system-helpers takes its other alternative, usr-is-merged, as debootstrap does; this
#: one is for systems that are not merged yet, and brings Perl.
_WITHOUT = ("usrmerge-",)
_URI = re.compile(
    r"'[^']*' (?P<file>[A-Za-z0-9][A-Za-z0-9.+~%_-]*\.deb) (?P<size>[0-9]+)"
    r" SHA256:(?P<sha256>[0-9a-f]{64})"
)
_MAX_PACKAGES = 2000
_MAX_BYTES = 2 << 30


@dataclass(frozen=True)
class _Archive:
    """A package file as the signed lists describe it."""

    file: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Packages:
    """What a base is made of.

    Args:
        files: The packages' files, in the order in which apt would unpack them.
        size: Bytes of all of them.
        sources: Where they are from.
        machine: The machine's apt.
    """

    files: tuple[Path, ...]
    size: int
    sources: tuple[Source, ...]
    machine: Machine


class PrivateApt:
    """apt for one suite and architecture, in a folder of its own that one process uses at a time.

    Args:
        folder: Below the user's cache; made if it is not there.
        architecture: dpkg's name.
    """

    def __init__(
        self,
        folder: Path,
        name: BaseName,
        architecture: str,
        *,
        reporter: Reporter,
        cancel: threading.Event,
    ) -> None:
        self._folder = folder / f"{name.suite}-{architecture}"
        self._suite = name.suite
        self._architecture = architecture
        self._reporter = reporter
        self._cancel = cancel
        config = {"APT_CONFIG": str(self._folder / "apt.conf")}
        self._programs = Programs(cancel, config)

    @contextmanager
    def packages(self) -> Iterator[Packages]:
        """Resolves and downloads; the files stay as they are until the block ends.

        Raises:
            BaseImageError: apt failed, or the machine knows no Debian archive.
            BuildInterruptedError: `cancel` was set.
        """
        machine = Machine.read(Programs(self._cancel, {}))
        sources = choose(machine.sources, self._suite)
        if not sources:
            raise self._no_archive()
        make_private_folder(self._folder)
        with self._locked():
            self._configure(machine, sources)
            sources = self._update(sources)
            archives = self._resolve(self._required())
            self._download(archives)
            size = sum(archive.size for archive in archives)
            files = tuple(self._downloads / archive.file for archive in archives)
            yield Packages(files, size, tuple(sources), machine)

    @property
    def _downloads(self) -> Path:
        return self._folder / "archives"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / "lock").open("w") as file:
            told = False
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if not told:
                        self._reporter.note("waiting: another dockernb makes the same base")
                    told = True
                if self._cancel.wait(0.1):
                    raise interrupted()
            yield

    def _configure(self, machine: Machine, sources: Sequence[Source]) -> None:
        """Writes apt's configuration: the machine's way to its archives, and folders of ours."""
        folder = self._folder
        for name in ("sources", "lists/partial", "archives/partial", "nothing/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").write_text("")
        own = {
            "Dir::State": str(folder),
            "Dir::State::lists": str(folder / "lists"),
            "Dir::State::status": str(folder / "status"),
            "Dir::State::extended_states": str(folder / "extended_states"),
            "Dir::Cache": str(folder),
            "Dir::Cache::archives": str(self._downloads),
            "Dir::Etc::sourcelist": _NO_FILE,
            "Dir::Etc::sourceparts": str(folder / "sources"),
            "Dir::Etc::main": _NO_FILE,
            "Dir::Etc::parts": _NO_FILE,
            "Dir::Etc::preferences": _NO_FILE,
            "Dir::Etc::preferencesparts": _NO_FILE,
            "APT::Architecture": self._architecture,
            "APT::Architectures::": self._architecture,
            "APT::Install-Recommends": "false",
            "APT::Install-Suggests": "false",
            # Its user could not read a folder of ours where we are root.
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::ForceHash": "SHA256",
        }
        (folder / "apt.conf").write_text(settings_text(machine.for_apt() | own))
        self._write_sources(sources)

    def _write_sources(self, sources: Sequence[Source]) -> None:
        text = "\n".join(stanza(source) for source in sources)
        (self._folder / "sources" / "base.sources").write_text(text)

    def _update(self, sources: Sequence[Source]) -> list[Source]:
        """Fetches the lists; returns the sources that have proved to be Debian's."""
        self._reporter.moment(Moment("lists", "reading the package lists"))
        failure = None
        try:
            self._programs.run(
                ["apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any"],
                on_status=lambda line: self._tell(
                    Moment("lists", "reading the package lists"), line
                ),
            )
        except BaseImageError as err:
            failure = err
        trusted = self._debian_suites()
        chosen = [source for source in sources if (source.uri, source.suite) in trusted]
        if not any(source.suite == self._suite for source in chosen):
            raise failure or self._no_archive()
        if failure is not None:
            self._reporter.note(
                f"some package lists are not new: {failure.rule or failure.message}"
            )
        self._write_sources(chosen)
        return chosen

    def _debian_suites(self) -> set[tuple[str, str]]:
        """Archive and suite of the lists whose signature was verified and which say "Debian"."""
        found: set[tuple[str, str]] = set()

        def row(line: str) -> None:
            origin, trusted, suite, uri = line.split("|", 3)
            if origin == "Debian" and trusted == "yes":
                found.add((uri, suite))

        form = "$(ORIGIN)|$(TRUSTED)|$(RELEASE)|$(REPO_URI)"
        self._programs.run(
            ["apt-get", "indextargets", "--format", form, "Created-By: Packages"], row
        )
        return found

    def _required(self) -> list[str]:
        """Names of the packages that are essential or have the priority "required"."""
        names: dict[str, None] = {}
        package = ""

        def line(text: str) -> None:
            nonlocal package
            if text.startswith("Package: "):
                package = text[9:]
            elif text in {"Priority: required", "Essential: yes"}:
                names[package] = None

        self._programs.run(["apt-cache", "dumpavail"], line)
        wrong = [name for name in names if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name)]
        if wrong or not names:
            raise BaseImageError(
                f'the lists of "{self._suite}" name no package that is required'
                if not names
                else f'"{wrong[0]}" is no name of a package'
            )
        return list(names)

    def _resolve(self, names: Sequence[str]) -> list[_Archive]:
        """All package files, those that were downloaded before too."""
        rows: list[str] = []
        nothing = f"Dir::Cache::archives={self._folder / 'nothing'}"
        wanted = [*names, *_WITH_REQUIRED, *self._for_https(), *_WITHOUT]
        self._programs.run(
            ["apt-get", "install", "--print-uris", "-qq", "-y", "-o", nothing, "--", *wanted],
            rows.append,
        )
        matches = [_URI.fullmatch(row) for row in rows if row]
        archives = [
            _Archive(match["file"], int(match["size"]), match["sha256"])
            for match in matches
            if match
        ]
        if len(archives) < len(matches):
            bad = next(row for row, match in zip(rows, matches, strict=False) if not match)
            raise BaseImageError(f'apt told of a package that cannot be used: "{bad[:200]}"')
        if len(archives) > _MAX_PACKAGES or sum(one.size for one in archives) > _MAX_BYTES:
            raise BaseImageError(f"apt wants {len(archives)} packages for a base, which is wrong")
        self._wanted = wanted
        return archives

    def _for_https(self) -> list[str]:
        sources = (self._folder / "sources" / "base.sources").read_text()
        return ["ca-certificates"] if "\nURIs: https:" in sources else []

    def _download(self, archives: Sequence[_Archive]) -> None:
        """Fetches what is not there, verifies all, and removes what is no longer needed."""
        self._remove_wrong(archives)
        missing = [one for one in archives if not (self._downloads / one.file).exists()]
        total = sum(archive.size for archive in missing)
        if missing:
            what = Moment("download", f"downloading {len(missing)} packages", 0.0, total)
            self._reporter.moment(what)
            self._programs.run(
                ["apt-get", "install", "--download-only", "-q", "-y", "--", *self._wanted],
                on_status=lambda line: self._tell(what, line),
            )
            self._remove_wrong(missing)
        gone = [one.file for one in archives if not (self._downloads / one.file).exists()]
        if gone:
            raise BaseImageError(
                f'"{gone[0]}" is not what the signed list says',
                hint="Run the command again; it is fetched anew.",
            )
        wanted = {archive.file for archive in archives}
        for path in self._downloads.glob("*.deb"):
            if path.name not in wanted:
                path.unlink(missing_ok=True)

    def _remove_wrong(self, archives: Sequence[_Archive]) -> None:
        """Removes files that are cut or spoiled: apt looks at no more than the size."""
        for archive in archives:
            path = self._downloads / archive.file
            if self._cancel.is_set():
                raise interrupted()
            if path.exists() and not _is(path, archive):
                path.unlink()

    def _tell(self, what: Moment, line: str) -> None:
        """A line of apt's status: `dlstatus:FILES:PERCENT:TEXT`."""
        words = line.split(":", 3)
        if words[0] == "dlstatus" and len(words) == 4:
            with suppress(ValueError):
                percent = min(max(float(words[2]), 0.0), 100.0)
                self._reporter.moment(replace(what, fraction=percent / 100))

    def _no_archive(self) -> BaseImageError:
        return BaseImageError(
            f'this machine\'s apt reads no Debian archive that has "{self._suite}"',
            rule="A base is made from the archives in /etc/apt/sources.list and "
            "/etc/apt/sources.list.d, whose keys the machine has.",
            hint="Add a Debian mirror there, or pull the image instead.",
        )


def _is(path: Path, archive: _Archive) -> bool:
    with path.open("rb") as file:
        return (
            os.fstat(file.fileno()).st_size == archive.size
            and hashlib.file_digest(file, "sha256").hexdigest() == archive.sha256
        )
