"""What can be asked over HTTP, and what is answered."""
