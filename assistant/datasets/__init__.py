"""Dataset folders: reading, importing, converting, and the demo world."""
