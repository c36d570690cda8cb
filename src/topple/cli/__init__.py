"""The faces: parse, call the api, show."""
