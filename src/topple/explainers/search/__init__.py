"""What searches over sets share: the engine that counts, and the steps from single items to a minimal set."""
