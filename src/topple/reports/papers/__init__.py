"""Papers as HTML of one file: no address is asked, a content security policy says so, and everything of the data stays text."""
