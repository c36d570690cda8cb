"""Papers for people who were not there: a report over a folder of explanations, and a dossier that answers a letter."""
