"""What was observed: interactions, vocabularies, filtering, splits, and one file per data set in `sources`."""
