"""What travels: the records of a question and its answer, in outside ids."""
