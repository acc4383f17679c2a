# A package, so that the fixtures of its scope, the stacks, end with its last test.
