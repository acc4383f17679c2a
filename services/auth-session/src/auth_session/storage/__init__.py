"""Tables and queries of database `auth`."""
