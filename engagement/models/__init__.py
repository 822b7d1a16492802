"""What comes back from people, and what the Directorate asks of departments."""
