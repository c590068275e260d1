"""A kernel whose session is scripted: nothing is built, no engine is needed.

    python -m tests.functional.kernel.scripted -f CONNECTION_FILE

RUN obeys its text: `exit N` fails, `sleep` waits for the interrupt, `hang` ignores it for some
seconds, `bug` raises what no session should, anything else is its own output.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from dockernb.build.context import BuildContext
from dockernb.build.context_view import ContextView
from dockernb.build.events import (
    Listener,
    OutputReceived,
    PhaseStarted,
    StepFinished,
    StepStarted,
)
from dockernb.build.file_changes import FileChanges
from dockernb.build.result import CacheVerdict, Snapshot, Status, StepLog, StepResult
from dockernb.dockerfile.instructions import EnvInstruction, FromInstruction, Instruction
from dockernb.dockerfile.parse import parse
from dockernb.errors import (
    BuildInterruptedError,
    DockernbError,
    EngineNotAvailableError,
    InstructionFailedError,
    Where,
)
from dockernb.session import CellState, CellText, Scope, SessionOptions

HANG_SECONDS = 4.0
ENGINES = ("docker", "embedded")


class ScriptedSession:
    """Keeps what it was told in public attributes, for tests in the same process."""

    def __init__(self, options: SessionOptions) -> None:
        self.options = options
        self.context_root = options.context
        self.build_args: dict[str, str | None] = {}
        self.secrets: dict[str, bytes] = {}
        self.orders: list[Sequence[CellText] | None] = []
        self.dropped: list[str] = []
        self.uses_cache = True
        self.engine = "docker"
        self.variables: dict[str, str] = {}
        self.stages: list[str] = []
        self.built: list[StepResult] = []
        self.files = FileChanges(lambda: self.context)

    @property
    def context(self) -> BuildContext:
        return BuildContext(self.context_root)

    def run_cell(
        self,
        source: str,
        *,
        cell_id: str | None,
        order: Sequence[CellText] | None,
        listener: Listener,
        cancel: threading.Event,
    ) -> list[StepResult]:
        self.orders.append(order)
        if "order?" in source:
            ids = "none" if order is None else " ".join(cell.id for cell in order)
            raise DockernbError(f"the order is: {ids}")
        results = []
        for instruction in parse(source):
            where = Where(source, instruction.lines.start, instruction.lines.end)
            try:
                results.append(self.step(instruction, cell_id, listener, cancel))
            except DockernbError as error:
                raise error.at(where) from None
        return results

    def step(
        self,
        instruction: Instruction,
        cell_id: str | None,
        listener: Listener,
        cancel: threading.Event,
    ) -> StepResult:
        number = len(self.built) + 1
        parent = self.built[-1].snapshot.id if self.built and self.built[-1].snapshot else None
        source = instruction.original
        listener(StepStarted(instruction.name, source, "0", number, parent, "fake", cell_id))
        listener(PhaseStarted("run"))
        error: DockernbError | None = None
        try:
            self.obey(instruction, listener, cancel)
        except DockernbError as caught:
            error = caught
        status: Status = "built"
        if error is not None:
            status = "interrupted" if isinstance(error, BuildInterruptedError) else "failed"
        log = source.partition(" ")[2] + "\n" if instruction.name == "RUN" else ""
        snapshot = Snapshot("sha256:" + f"{number:064x}", parent) if error is None else None
        result = StepResult(
            instruction=instruction.name,
            source=source,
            stage="0",
            step=number,
            status=status,
            cache=CacheVerdict("miss", "first time"),
            engine="fake",
            cell_id=cell_id,
            snapshot=snapshot,
            seconds={"total": 0.01},
            log=StepLog(log, log.count("\n")),
            error=error,
        )
        listener(StepFinished(result))
        if error is not None:
            raise error
        self.built.append(result)
        return result

    def obey(self, instruction: Instruction, listener: Listener, cancel: threading.Event) -> None:
        if isinstance(instruction, FromInstruction):
            self.stages.append(instruction.stage_name or str(len(self.stages)))
        if isinstance(instruction, EnvInstruction):
            self.variables.update((pair.key, pair.value) for pair in instruction.variables)
        if instruction.name != "RUN":
            return
        command = instruction.original.partition(" ")[2].strip()
        if command == "bug":
            raise ZeroDivisionError("a bug")
        if command == "hang":
            time.sleep(HANG_SECONDS)
        if command in ("sleep", "hang"):
            cancel.wait(60)
        if cancel.is_set():
            raise BuildInterruptedError("RUN was interrupted")
        listener(OutputReceived(command.encode() + b"\n"))
        if command.startswith("exit "):
            code = int(command.split()[1])
            raise InstructionFailedError(f"RUN ended with exit code {code}", exit_code=code)

    def scope(self, cell_id: str | None = None) -> Scope:
        if cell_id is not None:
            return Scope()
        variables: Mapping[str, str] = self.variables
        return Scope(tuple(self.stages), variables)

    def survey(
        self, cells: Sequence[CellText], settings_ran: Mapping[str, Sequence[str]]
    ) -> list[CellState]:
        return []

    def restore(self, cells: Sequence[CellText]) -> bool:
        return True  # there is no cache

    def view_context(self, cells: Sequence[str]) -> ContextView:
        return ContextView(self.context_root)

    def folders_read(self) -> frozenset[Path]:
        return frozenset()

    def engine_name(self) -> str:
        return self.engine

    def local_references(self) -> list[str]:
        return ["debian:bookworm-slim", "busybox:latest"]

    def results(self) -> list[StepResult]:
        return self.built

    def set_context(self, root: Path) -> None:
        self.context_root = root

    def set_build_arg(self, name: str, value: str | None) -> None:
        self.build_args[name] = value

    def set_secret(self, secret_id: str, content: bytes) -> None:
        self.secrets[secret_id] = content

    def set_flags(self, words: Sequence[str]) -> None:
        self.flags = tuple(words)

    def use_engine(self, name: str | None) -> None:
        if name not in ENGINES:
            raise EngineNotAvailableError(f'engine "{name}" cannot be used')
        self.engine = str(name)

    def use_cache(self, enabled: bool) -> None:
        self.uses_cache = enabled

    def reset(self) -> None:
        self.built.clear()

    def drop_cells(self, cell_ids: Sequence[str]) -> None:
        self.dropped += cell_ids

    def tag(self, reference: str, stage: str | None = None) -> str:
        return "sha256:" + "1" * 64

    def remove_leftovers(self) -> list[str]:
        return []

    def close(self) -> None:
        """Nothing to end."""


if __name__ == "__main__":
    from ipykernel.kernelapp import IPKernelApp

    from dockernb.kernel.kernel import DockerfileKernel

    class ScriptedKernel(DockerfileKernel):
        session_factory = ScriptedSession  # type: ignore[assignment]

    IPKernelApp.launch_instance(kernel_class=ScriptedKernel)
