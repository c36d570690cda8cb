"""The docs: pages in Markdown, guides that run, and in `site/` what makes a site of them and of the code."""
