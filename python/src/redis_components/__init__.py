"""Redis connections that follow their components."""
