// Nothing of its own: here the headers that all tests include are compiled once.
