"""The tests of dockernb; `python -m tests.testbed` brings up what they run against."""
