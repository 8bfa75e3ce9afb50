"""Business rules: official Schematron stylesheets, run by Saxon over documents that their schema accepts.

`judge` is the door. It runs in the worker processes only: Saxon holds Python's lock while it works, and may
take much memory, much time, or its whole process with it.
"""
