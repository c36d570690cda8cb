"""Commands about every user."""
