"""The one error that the testbed raises."""

from __future__ import annotations


class TestbedError(Exception):
    """Something could not be brought up; the message says what is missing and how to get it."""

    __test__ = False  # the name begins with "Test": pytest is not to collect it
