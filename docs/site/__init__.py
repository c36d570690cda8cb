"""Makes the site: pages of the registry's classes, of the command line, of the guides and of the figures, and Sphinx over all."""
