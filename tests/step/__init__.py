"""The composite action: its definition, its installation, the rooms' own environments."""
