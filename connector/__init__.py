"""File-drop connector for the French e-invoicing reform: folders in, platform API, results out."""

from importlib.metadata import version

__version__: str = version("connector")
