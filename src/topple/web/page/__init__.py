"""The page for people: a shell made by a template, style and script of the wheel, nothing from elsewhere."""
