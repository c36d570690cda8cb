"""What the faces share: menus, parsing of text, cards and pictures, runs that can be stopped, and the best state of a training on disk."""
