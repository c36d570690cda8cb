"""What `benchmarks.chaos` does to a batch."""
