"""Methods x models x seeds: what is compared, the resumable run, the rows, and the paired tests."""
