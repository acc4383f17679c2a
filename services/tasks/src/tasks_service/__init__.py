"""The tasks service: tasks and lists over REST, and a feed of their changes."""
