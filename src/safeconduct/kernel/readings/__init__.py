"""Who looked: personal data is shown in clear through this room, which writes down first who reads what, and why."""
