"""The faces: parse, call the door, show."""
