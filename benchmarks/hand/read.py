"""
Read a folder and plan all of it, for a database that has nothing yet.
"""

import sys

from st44_migrate import Folder
from st44_migrate.model import History
from st44_migrate.plan import Reader, make_plan

(folder,) = sys.argv[1:]
plan = make_plan(Folder(folder).load(), History(), read=Reader("postgresql"))
if plan.errors:
    sys.exit(str(plan.errors))
