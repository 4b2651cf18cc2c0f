"""Where a shop is paid, on pages: the owner changes it, finance watches it, the staff judge what is doubtful."""
