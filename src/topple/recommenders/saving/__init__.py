"""Models as folders, and the arrays in them."""
