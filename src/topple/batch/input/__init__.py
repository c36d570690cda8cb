"""What a batch is made of: events of any number, and shards of them by user."""
