"""Tables and plots of compared methods, of plain rows."""
