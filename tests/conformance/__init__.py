"""One suite of promises, every engine."""

import pytest

pytest.register_assert_rewrite(
    "tests.conformance.checks_of_images", "tests.conformance.checks_of_runs"
)
