"""The commands `auth-session admin SUBJECT ACTION`, one module per subject."""
