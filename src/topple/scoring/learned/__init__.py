"""What was learned, as named arrays."""
