"""What an answer is made of: the deadline, the explanation that a claim comes to, and what is said beside a shown list."""
