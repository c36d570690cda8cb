"""What is explained: the scoring contract, the only ranking, the only place a history changes; one file per model."""
