"""Reports to sheets: what each command puts on the page."""
