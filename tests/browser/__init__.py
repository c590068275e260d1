"""Real JupyterLab, a real browser, a real engine: what a reader of a notebook sees and can do."""
