"""How long data is kept, the job that deletes what is past its time and proves it, and holds that win over both."""
