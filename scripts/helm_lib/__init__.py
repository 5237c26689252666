"""The parts of Helm that the tests need."""
