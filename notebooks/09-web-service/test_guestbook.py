"""Starts the service as the image does, and talks to it over the network."""

import getpass
import subprocess
import time
import unittest
import urllib.error
import urllib.request

COMMAND = ["python3", "/srv/guestbook.py"]
ADDRESS = "http://127.0.0.1:8080"


def ask(path, data=None):
    """The status and the text of an answer."""
    try:
        with urllib.request.urlopen(ADDRESS + path, data, timeout=5) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class TheService(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = subprocess.Popen(
            COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(100):
            try:
                ask("/health")
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the service does not answer")

    @classmethod
    def tearDownClass(cls):
        cls.service.terminate()
        cls.service.wait()

    def test_does_not_run_as_root(self):
        self.assertEqual(getpass.getuser(), "guestbook")

    def test_says_that_it_is_healthy(self):
        self.assertEqual(ask("/health"), (200, "healthy\n"))
        self.assertEqual(subprocess.run([*COMMAND, "--ask-health"]).returncode, 0)

    def test_shows_a_new_entry(self):
        self.assertEqual(ask("/", b"Ann was here")[0], 201)
        self.assertIn("<li>Ann was here</li>", ask("/")[1])

    def test_shows_tags_as_text(self):
        ask("/", b"<script>")
        self.assertIn("<li>&lt;script&gt;</li>", ask("/")[1])

    def test_refuses_an_empty_entry(self):
        self.assertEqual(ask("/", b"")[0], 400)

    def test_has_no_other_pages(self):
        self.assertEqual(ask("/secret")[0], 404)
