"""A guest book on the web: GET / shows the entries, POST / adds one, GET /health says "healthy".

GUESTBOOK_PORT is where it listens, GUESTBOOK_FOLDER where it keeps the entries.
"""

import html
import http.server
import os
import pathlib
import sys
import urllib.request

PORT = int(os.environ.get("GUESTBOOK_PORT", "8080"))
ENTRIES = pathlib.Path(os.environ.get("GUESTBOOK_FOLDER", ".")) / "entries.txt"
LONGEST_ENTRY = 200


class GuestBook(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    def do_GET(self):
        if self.path == "/health":
            self.answer(200, "healthy")
        elif self.path == "/":
            entries = ENTRIES.read_text("utf-8").splitlines() if ENTRIES.exists() else []
            rows = "".join(f"<li>{html.escape(entry)}</li>\n" for entry in entries)
            self.answer(200, f"<h1>Guest book</h1>\n<ul>\n{rows}</ul>")
        else:
            self.answer(404, "There is no such page.")

    def do_POST(self):
        length = int(self.headers.get("Content-Length", "0"))
        if not 0 < length <= LONGEST_ENTRY:
            self.answer(400, f"An entry has 1 to {LONGEST_ENTRY} bytes.")
            return
        entry = " ".join(self.rfile.read(length).decode("utf-8", "replace").split())
        with ENTRIES.open("a", encoding="utf-8") as book:
            book.write(entry + "\n")
        self.answer(201, "Thank you.")

    def answer(self, status, text):
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def ask_health():
    """0 if the service of this container answers, else 1."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=2) as reply:
            return 0 if reply.read().strip() == b"healthy" else 1
    except OSError:
        return 1


if __name__ == "__main__":
    if "--ask-health" in sys.argv:
        sys.exit(ask_health())
    print(f"the guest book is open on port {PORT}")
    http.server.ThreadingHTTPServer(("", PORT), GuestBook).serve_forever()
