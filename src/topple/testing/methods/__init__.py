"""What is checked of methods that attribute and that learn."""
