"""Documents made up by code, valid and broken, for demonstrations, tests and measurements.

The parties do not exist. Nothing here is taken from anybody's sample file.
"""
