"""Loopback stand-ins for Jira Cloud, GitHub and both model APIs.

They speak the services' own wire and enforce what the services enforce.
They import nothing else of this package, so that one mistake cannot sit on both sides of a test.
"""
