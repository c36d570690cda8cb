"""What is explained: models one file each, what several share, their training and saving, and adapters of other libraries."""
