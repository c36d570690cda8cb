"""How recommenders are trained, and how well they then rank."""
