"""Numbers to text, tables, pictures and sentences; nothing is computed here."""
