"""The rows of a table: which columns are meant, what is wrong with the rows, and what becomes of them."""
