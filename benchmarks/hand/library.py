"""
The library without the command, blocking or not.
"""

import sys

colour, url, folder = sys.argv[1:]
if colour == "sync":
    from st44_migrate import migrate

    migrate(url, folder)
else:
    import asyncio

    from st44_migrate import migrate_async

    asyncio.run(migrate_async(url, folder))
