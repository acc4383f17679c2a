"""The offline assistant: understands plain English about tasks, without a language model."""
