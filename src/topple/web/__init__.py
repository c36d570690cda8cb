"""The service: a JSON API and a page over the verbs of `topple.api`, for `pip install topple-recsys[serve]`."""
