"""Judging claims by rules: speed, memory, and whether tables of real size cost anything."""
