"""The policies: what writes the assistant's part of a trajectory."""
