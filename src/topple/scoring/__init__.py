"""What all stands on: the recommender contract, history variations, the only ranking, checks and encoding."""
