"""Patchgate turns Jira tickets into reviewed pull requests inside GitHub Actions."""

__version__ = "0.1.0"
