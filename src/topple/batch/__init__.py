"""Every user: from events or a model folder to a folder of explanations, with engines that exist, and faults that end well."""
