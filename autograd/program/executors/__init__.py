"""What runs the instructions of a program: a folder for each way."""
