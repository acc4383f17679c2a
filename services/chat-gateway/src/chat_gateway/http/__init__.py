"""Guards, controllers and wire types of the public API."""
