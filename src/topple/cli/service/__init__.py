"""Commands around the service: serve, and those of what it leaves behind."""
