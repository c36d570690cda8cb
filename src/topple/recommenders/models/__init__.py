"""The built-in recommenders, one file each."""
