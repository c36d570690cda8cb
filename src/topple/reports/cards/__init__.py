"""Cards: answers, splits, models and evaluations as HTML for notebooks, pages and files; no scripts, and text stays text."""
