"""HTTP: routes, the streamed response, what the OpenAPI document says."""
