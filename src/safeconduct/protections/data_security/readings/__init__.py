"""Who looked: the seller's page of readings, the staff's access log, and investigations."""
