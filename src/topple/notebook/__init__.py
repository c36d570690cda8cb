"""The explorer in a notebook: a history with switches, the list without what is switched off, and why; asked of a running kernel."""
