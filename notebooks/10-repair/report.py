"""Adds the numbers in numbers.txt."""

import pathlib

numbers = [int(line) for line in pathlib.Path("numbers.txt").read_text("utf-8").split()]
print(f"The sum is {sum(numbers)}.")
