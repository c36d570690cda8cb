"""Models that somebody else's library trained, as recommenders; one file per library, the library loaded when asked for."""
