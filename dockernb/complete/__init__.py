"""Completion and help, without an engine and without a kernel.

`expected` says what can stand at the cursor, from the text alone. `candidates` makes a list of it,
with what a `Knowledge` knows: the names in force, the files of the snapshot, the images. `hover`
explains the word at the cursor.
"""
