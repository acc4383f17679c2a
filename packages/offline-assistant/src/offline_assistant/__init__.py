"""The offline assistant: understands simple English todo commands without a language model."""
