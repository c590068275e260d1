"""The build cache: which snapshot a step made, with its log, diff and cost.

One SQLite file per engine, in write-ahead mode, so that several kernels share it and a killed one
leaves no half-written row. A row is written only after the engine has committed the snapshot.

A cache is only a convenience, so a bad file never stops work: a broken one is put aside and begun
anew, and where none can be written, steps are kept in memory. The reader is told by a warning.
"""

from __future__ import annotations

import errno
import hashlib
import json
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..errors import BuildError, StorageFullError
from ..oci.config import ImageConfig
from ..oci.diff import DiffEntry, FilesystemDiff
from ..oci.private_folder import make_private_folder
from .cache_key import CacheKey
from .cache_schema import DROP, SCHEMA, SCHEMA_VERSION
from .paused_collection import garbage_collection_paused
from .result import ConfigChange, StepLog

try:
    import fcntl
except ImportError:  # not on Windows; two kernels rarely repair one file at the same time
    fcntl = None  # type: ignore[assignment]

__all__ = ["BuildCache", "CachedStep"]

BUSY_SECONDS = 10.0
_BROKEN = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


@dataclass(frozen=True)
class _Kin:
    """A kind of earlier step to compare with.

    Args:
        where: Which rows.
        alike: True: and of these the newest with nearly the same text.
        other: True: a step of another cell.
    """

    where: str
    alike: bool = False
    other: bool = False


@dataclass(frozen=True)
class NearStep:
    """The earlier step that a missing one is compared with.

    Args:
        fields: Its key, as `CacheKey.to_json`.
        of_other_cell: Another cell of the notebook made it, so nobody edited or moved anything.
    """

    fields: Mapping[str, Any]
    of_other_cell: bool = False


# Most alike first. Where the cell is known, a step of another notebook with another parent says
# nothing about this cell. A cell may hold several instructions, and notebooks that were copied or
# written by a program share their cells' IDs: so on another parent the text must be alike too.
_NEAREST_OF_CELL = (
    _Kin("cell_id = :cell AND instruction_digest = :digest"),
    _Kin("cell_id = :cell AND instruction_name = :name AND parent = :parent"),
    _Kin("cell_id = :cell AND instruction_name = :name", alike=True),
    _Kin("instruction_digest = :digest AND parent = :parent", other=True),
    _Kin(
        "instruction_digest = :digest AND cell_id IN (SELECT value FROM json_each(:cells))",
        other=True,
    ),
)
_NEAREST = (
    _Kin("instruction_digest = :digest AND parent = :parent"),
    _Kin("instruction_digest = :digest"),
    _Kin("instruction_name = :name AND parent = :parent", alike=True),
)
_CANDIDATES = 20  # rows whose text is looked at

_T = TypeVar("_T")


@dataclass(frozen=True)
class CachedStep:
    """What is kept of a step.

    Args:
        image_id: The snapshot.
        image_config: Its config, with the history that an engine may not give back.
        size: Bytes of all layers of the snapshot.
        seconds: How long the step took when it was built.
        built_at: Unix time of the commit.
    """

    image_id: str
    image_config: ImageConfig
    size: int
    exit_code: int | None
    log: StepLog
    diff: FilesystemDiff
    config: tuple[ConfigChange, ...]
    seconds: float
    built_at: float


class BuildCache:
    """The steps built on one engine. May be used from any thread.

    Args:
        folder: The user's cache folder; made if missing, for the user only.
        engine_identity: `EngineInfo.identity`.

    Raises:
        BuildError: the file was made by a newer version of dockernb.
    """

    def __init__(self, folder: Path, engine_identity: str) -> None:
        name = hashlib.sha256(engine_identity.encode()).hexdigest()[:12]
        self.folder = folder
        self.path = folder / f"build-{name}.sqlite3"
        self._lock = threading.Lock()
        self._warnings: list[str] = []
        self._connection = self._open()

    def take_warnings(self) -> tuple[str, ...]:
        """What the reader should know of the cache and has not been told."""
        with self._lock:
            warnings, self._warnings = tuple(self._warnings), []
        return warnings

    # --- the file --------------------------------------------------------------------------------
    def _open(self) -> sqlite3.Connection:
        try:
            make_private_folder(self.path.parent)
            try:
                return self._connect(str(self.path))
            except sqlite3.DatabaseError as error:
                if _code(error) not in _BROKEN:
                    raise
            return self._repaired()
        except (sqlite3.Error, OSError) as error:
            self._warnings.append(
                f"{self._error(error).message}; steps are remembered until the kernel ends"
            )
            return self._connect(":memory:")

    def _connect(self, database: str) -> sqlite3.Connection:
        connection = sqlite3.connect(database, timeout=BUSY_SECONDS, check_same_thread=False)
        try:
            self._use_write_ahead(connection)
            connection.execute("PRAGMA synchronous=NORMAL")
            self._bring_up_to_date(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _use_write_ahead(self, connection: sqlite3.Connection) -> None:
        """The switch of a new file, which SQLite does not wait for while others open it."""
        if connection.execute("PRAGMA journal_mode").fetchone()[0] in {"wal", "memory"}:
            return
        with _one_process(self.path.with_suffix(".opening")):
            deadline = time.monotonic() + BUSY_SECONDS
            while True:
                try:
                    connection.execute("PRAGMA journal_mode=WAL")
                    return
                except sqlite3.OperationalError as error:
                    if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                        raise
                    time.sleep(0.01)  # another process looks at the file, for a moment

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        if _version(connection) == SCHEMA_VERSION:
            return
        connection.execute("BEGIN IMMEDIATE")  # one kernel at a time
        with connection:
            version = _version(connection)
            if version > SCHEMA_VERSION:
                raise BuildError(
                    f'the build cache "{self.path}" was made by a newer version of dockernb',
                    hint="pip install --upgrade dockernb, or set DOCKERNB_HOME to another folder",
                )
            if version < SCHEMA_VERSION:
                for statement in (DROP + SCHEMA).split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def _repaired(self) -> sqlite3.Connection:
        """A connection to a sound file: the old one is put aside unless somebody has done so."""
        with _one_process(self.path.with_suffix(".lock")):
            try:
                connection = self._connect(str(self.path))
                if _is_sound(connection):
                    return connection
                connection.close()
            except sqlite3.DatabaseError as error:
                if _code(error) not in _BROKEN:
                    raise
            self._put_aside()
            return self._connect(str(self.path))

    def _put_aside(self) -> None:
        aside = self.path.with_suffix(f".broken-{time.time_ns()}")
        self.path.rename(aside)
        for end in ("-wal", "-shm"):
            Path(f"{self.path}{end}").unlink(missing_ok=True)
        self._warnings.append(
            f'the build cache was damaged and is begun anew; the old file is "{aside}"'
        )

    def _error(self, error: Exception) -> BuildError | StorageFullError:
        """The error that the reader meets for one of SQLite or the file system."""
        if getattr(error, "errno", None) == errno.ENOSPC or _code(error) == sqlite3.SQLITE_FULL:
            return StorageFullError(
                f'the disk of the build cache is full: "{self.path}"',
                hint="Free some space, or set DOCKERNB_HOME to a folder on another disk.",
            )
        return BuildError(
            f'the build cache "{self.path}" cannot be used: {error}',
            hint="Set DOCKERNB_HOME to a folder that you can write to, or use %cache off.",
        )

    def _with_connection(self, use: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._lock:
            try:
                return use(self._connection)
            except sqlite3.Error as error:
                if _code(error) not in _BROKEN:
                    raise self._error(error) from error
            try:
                self._connection.close()
                self._connection = self._repaired()
                return use(self._connection)
            except (sqlite3.Error, OSError) as error:
                raise self._error(error) from error

    def _looked_up(self, use: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Like `_with_connection`; what cannot be read is not there, with a warning."""
        try:
            return self._with_connection(use)
        except (BuildError, StorageFullError) as error:
            with self._lock:
                self._warnings.append(error.message)
            return None

    # --- the steps -------------------------------------------------------------------------------
    def get(self, key: CacheKey) -> CachedStep | None:
        """The step with this key, if it was built on this engine."""
        row = self._looked_up(
            lambda db: db.execute(
                "SELECT image_id, image_config, size, exit_code, log, log_lines, log_omitted,"
                " diff, config, seconds, built_at FROM steps WHERE key = ?",
                (key.digest,),
            ).fetchone()
        )
        try:
            with garbage_collection_paused():
                return None if row is None else _from_row(row)
        except (zlib.error, ValueError, TypeError, KeyError):
            return None  # a damaged row; building the step writes it again

    def put(self, key: CacheKey, step: CachedStep, cell_id: str | None = None) -> None:
        """Keeps a step whose snapshot the engine has committed."""
        values = (
            key.digest,
            key.instruction_digest,
            str(key.instruction["name"]),
            cell_id,
            key.parent,
            _pack(key.to_json()),
            step.image_id,
            zlib.compress(step.image_config.to_bytes()),
            step.size,
            step.exit_code,
            zlib.compress(step.log.text.encode("utf-8", "surrogateescape")),
            step.log.lines,
            step.log.omitted,
            _pack([entry.to_json() for entry in step.diff.entries]),
            _pack([[change.field, change.before, change.after] for change in step.config]),
            step.seconds,
            step.built_at,
        )
        marks = ",".join("?" * len(values))

        def insert(db: sqlite3.Connection) -> None:
            with db:
                db.execute(f"INSERT OR REPLACE INTO steps VALUES ({marks})", values)  # noqa: S608

        self._with_connection(insert)

    def forget(self, key: CacheKey, image_id: str) -> None:
        """Drops a step whose snapshot the engine no longer has, if nobody has built it since."""

        def delete(db: sqlite3.Connection) -> None:
            with db:
                db.execute(
                    "DELETE FROM steps WHERE key = ? AND image_id = ?", (key.digest, image_id)
                )

        self._looked_up(delete)

    def nearest(
        self, key: CacheKey, cell_id: str | None = None, cells: Sequence[str] = ()
    ) -> NearStep | None:
        """The newest step that `key` is most like, to say why it missed.

        Args:
            cell_id: The cell of the step, when it is known: its own earlier steps go first.
            cells: The cells of the same notebook.
        """
        values = {
            "digest": key.instruction_digest,
            "name": str(key.instruction["name"]),
            "parent": key.parent,
            "cell": cell_id,
            "cells": json.dumps(list(cells)),
        }

        def select(db: sqlite3.Connection) -> Any:
            for kin in _NEAREST if cell_id is None else _NEAREST_OF_CELL:
                rows = db.execute(
                    f"SELECT fields FROM steps WHERE {kin.where}"  # noqa: S608
                    # By the order of writing: a clock may have been set back since.
                    f" ORDER BY rowid DESC LIMIT {_CANDIDATES if kin.alike else 1}",
                    values,
                )
                for (packed,) in rows:
                    fields = dict(_unpack(packed))
                    if not kin.alike or key.is_like(fields):
                        return NearStep(fields, kin.other)
            return None

        try:
            near: NearStep | None = self._looked_up(select)
        except (zlib.error, ValueError, TypeError, KeyError):
            return None
        return near

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()


@contextmanager
def _one_process(lock: Path) -> Iterator[None]:
    """Waits until no other process is in the block."""
    with lock.open("w") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_sound(connection: sqlite3.Connection) -> bool:
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


def _code(error: Exception) -> int | None:
    """SQLite's primary error code."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _pack(value: object) -> bytes:
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1)


def _unpack(data: bytes) -> Any:
    return json.loads(zlib.decompress(data))


def _from_row(row: tuple[Any, ...]) -> CachedStep:
    (
        image_id,
        config_bytes,
        size,
        exit_code,
        log,
        lines,
        omitted,
        diff,
        config,
        seconds,
        built_at,
    ) = row
    return CachedStep(
        image_id=image_id,
        image_config=ImageConfig.from_json(_unpack(config_bytes)),
        size=size,
        exit_code=exit_code,
        log=StepLog(zlib.decompress(log).decode("utf-8", "surrogateescape"), lines, omitted),
        diff=FilesystemDiff(tuple(DiffEntry.from_json(entry) for entry in _unpack(diff))),
        config=tuple(ConfigChange(*change) for change in _unpack(config)),
        seconds=seconds,
        built_at=min(built_at, time.time()),
    )
