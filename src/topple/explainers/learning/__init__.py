"""Methods that learn: networks, and how they are trained and chosen."""
