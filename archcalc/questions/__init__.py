"""What is asked of a report, one file or folder a question."""
