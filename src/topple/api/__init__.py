"""The verbs of the library: fit, recommend, explain, evaluate. They check, convert ids, call the other folders, and verify."""
