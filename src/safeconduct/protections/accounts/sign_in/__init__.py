"""Sign-in as account risk sees it: judged, told to the log, told to the person, and taken back by *this was not me*."""
