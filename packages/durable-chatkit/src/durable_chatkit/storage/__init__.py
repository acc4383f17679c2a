"""Tables and statements of database `chat`."""
