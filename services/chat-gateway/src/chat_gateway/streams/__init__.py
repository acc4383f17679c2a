"""Streams: who may open one, who watches what, and the relaying itself."""
