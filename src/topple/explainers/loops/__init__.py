"""Inner loops of the searches over sets, for any recommender, in compiled functions."""
