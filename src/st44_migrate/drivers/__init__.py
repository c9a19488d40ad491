"""
The drivers: one third-party package each, loaded when a database needs it.

`url.driver_for` and `url.async_driver_for` choose one for whatever a caller
passes.  A driver imports `protocols`, `errors` and its own package; what two
drivers share lives in the private modules (``_pg...`` for both colours of
psycopg, ``_sqlite...`` for `sqlite3` and aiosqlite, ``_engines`` for SQLAlchemy).
What SQLAlchemy lends is worked on by another driver, which `url` hands to it.
"""
