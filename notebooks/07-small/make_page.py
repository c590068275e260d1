"""Prints a menu as a web page: python3 make_page.py menu.txt > index.html"""

import html
import pathlib
import sys

lines = pathlib.Path(sys.argv[1]).read_text("utf-8").splitlines()
print("<!doctype html>")
print("<title>The Red Table</title>")
print("<h1>Today</h1>")
print("<ul>")
for line in lines:
    print(f"  <li>{html.escape(line)}</li>")
print("</ul>")
