"""What is found out about a model by asking it: the scale of the scores, who is listed for whom, which model it is."""
