"""The questions of many clients, answered together."""
