"""What patchgate costs, against something that everybody knows, side by side in one run."""
