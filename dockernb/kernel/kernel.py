"""The kernel: Jupyter's protocol. What the requests mean is in `requests`.

This module is all that is loaded before the kernel is ready: the language, the session and the
cards are imported when the first request needs them, or in the background before that.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ipykernel import kernel_protocol_version  # type: ignore[attr-defined]
from ipykernel.kernelbase import Kernel
from IPython.core.error import StdinNotImplementedError

from dockernb import __version__
from dockernb.errors import BuildInterruptedError, DockernbError

from .comms import WIDGETS, PageComms, connect_comms
from .interrupt import Interrupts, raising_sigint
from .lazy_session import LazySession, SessionFactory, open_session
from .pages import Pages
from .worker import start_in_background

if TYPE_CHECKING:
    from .requests import Requests

__all__ = ["DockerfileKernel"]

BANNER = f"""dockernb {__version__}: every cell is one Dockerfile instruction.
%help lists the magics; Tab completes, Shift+Tab explains."""

FLUSH_SECONDS = 1.0

# Most of the base class has no annotations.
_Kernel: Any = Kernel


class DockerfileKernel(_Kernel):  # type: ignore[misc]
    """One kernel is one notebook and has one session."""

    implementation = "dockernb"
    implementation_version = __version__
    banner = BANNER
    language_info: ClassVar[dict[str, object]] = {
        "name": "dockerfile",
        "mimetype": "text/x-dockerfile",
        "codemirror_mode": "dockerfile",
        "pygments_lexer": "docker",
        "file_extension": ".dockerfile",
        "nbconvert_exporter": "dockerfile",
    }
    # The factory is a seam: tests put a scripted session there.
    session_factory: ClassVar[SessionFactory] = staticmethod(open_session)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.help_links = [
            {
                "text": "Dockerfile reference",
                "url": "https://docs.docker.com/reference/dockerfile/",
            },
            {
                "text": "Best practices for Dockerfiles",
                "url": "https://docs.docker.com/build/building/best-practices/",
            },
        ]
        # What is sent in this context answers no request.
        self._no_request = contextvars.copy_context()
        _log_to_the_server(self.log)
        self._interrupts = Interrupts()
        self._interrupts.install()
        self._session = LazySession(type(self).session_factory)
        self._requests: Requests | None = None
        self._requests_lock = threading.Lock()
        self._warmed_up = False
        self._ending = False
        self._control_done = threading.Event()
        self._page_comms = PageComms(Pages())
        self._page_comms.on_word = self._hear_page
        self.comm_manager = connect_comms(
            self.shell_handlers, self._restore_cards, self._page_comms
        )

    @property
    def requests(self) -> Requests:
        """Answers the requests; made when the first one comes."""
        with self._requests_lock:
            if self._requests is None:
                from .requests import Requests  # noqa: PLC0415 - see the module's docstring

                kernel_id = _kernel_id(self.parent)
                self._requests = Requests(
                    self._session, self._interrupts, self._page_comms, kernel_id, self._no_request
                )
            return self._requests

    async def kernel_info_request(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Every front end asks this first: what the first cell needs is made ready after it."""
        await super().kernel_info_request(stream, ident, parent)
        if not self._warmed_up:
            self._warmed_up = True
            start_in_background(self._warm_up, "dockernb-warm-up")

    def _warm_up(self) -> None:
        """Does what the first cell would wait for."""
        try:
            self.requests.warm_up()
        except Exception:
            self.log.exception("what the first cell needs could not be made ready")

    def _hear_page(self, page: str, data: dict[str, Any] | None) -> None:
        self.requests.hear_page(page, data)

    def _restore_cards(self) -> None:
        self.requests.restore_cards()

    # --- the base class's hooks -----------------------------------------------------------------
    def pre_handler_hook(self) -> None:
        """The base installs a SIGINT handler that would end an async kernel; ours stays."""

    def post_handler_hook(self) -> None:
        """Nothing to undo."""

    async def shell_main(self, subshell_id: str | None, msg: Any) -> None:
        """As the base, with context variables of its own for every message.

        The base handles all messages in one context, and a comm message also while a cell runs.
        When that is done it puts the cell's request back as the parent: if the next cell has begun
        by then, its idle status and its output would go to the cell before it.
        """
        await asyncio.create_task(super().shell_main(subshell_id, msg))

    async def process_control(self, msg: Any) -> None:
        """As the base; the main loop waits for the end of a shutdown request (`do_shutdown`)."""
        try:
            await super().process_control(msg)
        finally:
            if self._ending:
                self._control_done.set()

    def set_parent(self, ident: Any, parent: dict[str, Any], channel: str = "shell") -> None:
        """The base class leaves what is printed without a parent: no page would show it."""
        super().set_parent(ident, parent, channel)
        if channel == "shell":
            for stream in (sys.stdout, sys.stderr):
                if hasattr(stream, "set_parent"):
                    stream.set_parent(parent)

    @property
    def kernel_info(self) -> dict[str, Any]:
        """Not the base's: that one imports the debugger, which takes longer than all the rest."""
        return {
            "protocol_version": kernel_protocol_version,
            "implementation": self.implementation,
            "implementation_version": self.implementation_version,
            "language_info": self.language_info,
            "banner": self.banner,
            "help_links": self.help_links,
            # Without the word, JupyterLab takes the cards of a reloaded page for a lost kernel's.
            "supported_features": ["kernel subshells"] if self._supports_kernel_subshells else [],
        }

    # --- requests -------------------------------------------------------------------------------
    async def comm_info_request(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """A page that got no answer in time asks once more in this way, on another thread.

        It shows "model not found" in the place of each card that is not listed then.
        """
        if parent["content"].get("target_name") == WIDGETS:
            self._restore_cards()
        await super().comm_info_request(stream, ident, parent)

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,  # noqa: ARG002 - there is no history to store in
        user_expressions: dict[str, Any] | None = None,  # noqa: ARG002 - the language has none
        allow_stdin: bool = False,
        *,
        cell_meta: Mapping[str, Any] | None = None,
        cell_id: str | None = None,
    ) -> dict[str, Any]:
        """Runs a cell. Answers with status "error" whenever it did not succeed."""
        self._allow_stdin = allow_stdin
        return await self.requests.execute(
            code,
            cell_id=cell_id,
            page=self._page(),
            metadata=cell_meta or {},
            count=self.execution_count,
            allow_stdin=allow_stdin,
            send=None if silent else self._sender(),
            ask=self._ask,
        )

    async def do_complete(self, code: str, cursor_pos: int) -> dict[str, Any]:
        return await self.requests.complete(code, cursor_pos, self._page())

    async def do_inspect(
        self,
        code: str,
        cursor_pos: int,
        detail_level: int = 0,  # noqa: ARG002 - there is one level
        omit_sections: Any = (),  # noqa: ARG002
    ) -> dict[str, Any]:
        return await self.requests.inspect(code, cursor_pos, self._page())

    async def do_is_complete(self, code: str) -> dict[str, Any]:
        return self.requests.is_complete(code)

    async def do_shutdown(self, restart: bool) -> dict[str, Any]:
        """Interrupts the running cell and ends the session."""
        self._interrupts.request()
        await self._session.close_in_time()
        # The base stops the main loop now, which closes the iopub thread, while this thread still
        # flushes into it: about every second shutdown would hang until the server sends SIGTERM.
        self._ending = True
        self.io_loop.add_callback(self._control_done.wait, FLUSH_SECONDS)
        return {"status": "ok", "restart": restart}

    # --- helpers --------------------------------------------------------------------------------
    def _page(self) -> str:
        """Session ID of the front end whose request is handled now."""
        return str(self.get_parent("shell").get("header", {}).get("session", ""))

    def _sender(self) -> Callable[[str, dict[str, Any]], None]:
        """Sends iopub messages that belong to the request handled now; for any thread."""
        parent = self.get_parent("shell")

        def send(kind: str, content: dict[str, Any]) -> None:
            # A worker publishes after the event loop may have gone on to another request.
            self.session.send(
                self.iopub_socket, kind, content, parent=parent, ident=self._topic(kind)
            )

        return send

    def _ask(self, prompt: str) -> str:
        """Asks the reader for a secret. Blocks the main thread, where it must be called."""
        try:
            with raising_sigint():
                return str(self.getpass(prompt))
        except StdinNotImplementedError as error:
            raise DockernbError(
                "this front end cannot ask for a secret",
                hint="Take it from a file or variable: %secret ID src=FILE or %secret ID env=NAME",
            ) from error
        except (KeyboardInterrupt, EOFError) as error:
            raise BuildInterruptedError(
                "interrupted while asking", state="No secret was set."
            ) from error


def _log_to_the_server(log: logging.Logger) -> None:
    """Makes what libraries log go where the kernel's own log goes.

    Without a handler Python prints it, and what is printed stands below the reader's cell.
    """
    root = logging.getLogger()
    for handler in log.handlers:
        if handler not in root.handlers:
            root.addHandler(handler)


def _kernel_id(application: Any) -> str:
    """The kernel's ID, from the name of the connection file that the server wrote."""
    name = Path(str(getattr(application, "connection_file", "") or "")).stem
    return name.removeprefix("kernel-")
