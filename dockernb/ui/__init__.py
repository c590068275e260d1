"""The card under a cell: what happened, what changed, and why.

`card_model` folds build events into a view (pure), `text` and `html` render a view, `card` shows it
as a live widget. Importing this package loads no widget library; the first `Card` does.
"""
