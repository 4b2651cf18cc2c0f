"""The commands as the shell sees them: names, arguments, help. What they do is imported when they run."""
