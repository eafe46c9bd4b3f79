"""The demo world: a shop, its people and their tastes, written by hand and grown from a seed."""
