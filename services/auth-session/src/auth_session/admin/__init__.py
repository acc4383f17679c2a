"""The commands `auth-session admin SUBJECT ACTION`, one module a subject."""
