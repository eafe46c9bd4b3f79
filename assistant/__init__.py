"""MR.Rec: a shopping assistant that remembers and reasons."""

__version__ = "0.1.0"
