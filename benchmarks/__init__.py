"""
What the work around the SQL costs, beside a loop that does none of it, and beside peers.

    python -m benchmarks                   all of it, into benchmarks/results
    python -m benchmarks --rounds 3 --only near noop --no-peers

Wall clocks of different machines, and of one machine at different hours, cannot be
compared.  So every figure is a ratio: in each round every contestant runs once, one
after the other, and is divided by the limit of the same round; the median of the
rounds is printed.  The limit is a loop written by hand that sends each migration in
one round trip and does nothing else.

    workloads    the folders that are migrated;  corpora: real ones
    contestants  who runs them: by hand, this library;  peers, peers_python: others
    spawn        one run, measured from outside
    proxy        counts round trips, and makes them longer
    arena        fresh databases, rounds, and whether the work was really done
    sections     what is measured, one function for each table;  noop: W3 and W4
    counting     round trips;  scale: growth;  lexing: the lexer alone
    figures      from costs to ratios and tables;  bars: what must hold;  plots

`readers.py` stands alone: what readers feel while a table is altered.
"""
