"""The only code that knows a vendor: Jira, GitHub, git, models, the Actions runner."""
