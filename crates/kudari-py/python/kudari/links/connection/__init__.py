"""Layers that connect inputs to outputs."""
