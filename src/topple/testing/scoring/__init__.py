"""What is checked of the scores of a recommender."""
