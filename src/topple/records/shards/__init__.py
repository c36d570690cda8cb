"""Many explanations as columns, and the folder of shards that a batch writes."""
