"""How records are told: short texts, JSON, and what folders above make of them."""
