"""jupyter_kernel_test: the protocol as Jupyter's own suite checks it."""

from __future__ import annotations

import pytest

jkt = pytest.importorskip("jupyter_kernel_test")
from jupyter_kernel_test import msgspec_v5  # noqa: E402

# Version 0.7 of the suite has no schema for the messages of widgets.
for _kind in ("comm_open", "comm_msg", "comm_close"):
    msgspec_v5.schema_fragments.setdefault(
        _kind,
        {
            "properties": {
                "comm_id": {"type": "string"},
                "data": {"type": "object"},
                "target_name": {"type": "string"},
                "target_module": {"type": ["string", "null"]},
            },
            "required": ["comm_id", "data"],
        },
    )


@pytest.mark.usefixtures("kernelspec")
class TestConformance(jkt.KernelTests):
    kernel_name = "dockernb-scripted"
    language_name = "dockerfile"
    file_extension = ".dockerfile"
    completion_samples = [  # noqa: RUF012 - the suite's own form
        {"text": "FR", "matches": {"FROM"}},
        {"text": "WORKD", "matches": {"WORKDIR"}},
        {"text": "%hel", "matches": {"%help"}},
    ]
    complete_code_samples = ["FROM a", "RUN a \\\n  b", "RUN <<EOF\nx\nEOF", "%help", "# c"]  # noqa: RUF012
    incomplete_code_samples = ["RUN a \\", "RUN <<EOF\nx"]  # noqa: RUF012
    invalid_code_samples = ["RUM x"]  # noqa: RUF012
    code_inspect_sample = "FROM"
    code_display_data = [{"code": "RUN x", "mime": "text/html"}]  # noqa: RUF012
    code_generate_error = "RUM x"
    code_hello_world = "RUN hello, world"

    # What a Dockerfile kernel has not: results of expressions, a pager, output that is cleared, and
    # a stderr of its own (a step's output is in its card).
    test_clear_output = None
    test_execute_result = None
    test_execute_stderr = None
    test_history = None
    test_pager = None
