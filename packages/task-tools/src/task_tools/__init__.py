"""The tools with which a model works on tasks; see README.md."""
