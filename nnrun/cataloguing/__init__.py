"""Writes the catalogue of components that configs are checked by."""
