"""What several recommenders share."""
