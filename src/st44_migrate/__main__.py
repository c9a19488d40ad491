"""
``python -m st44_migrate`` is the command `st44-migrate`.
"""

from __future__ import annotations

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
