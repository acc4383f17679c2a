"""HTTP: the application factory, requests, responses, problem documents, and calls between services."""
