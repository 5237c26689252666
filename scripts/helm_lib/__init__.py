"""What the tests need of Helm."""
