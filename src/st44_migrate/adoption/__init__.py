"""
Other tools' ledgers, adopted in place.

    ledger       facts about a tool's table;  tools: one small module for each tool
    recognition  whose a table is, by its columns
    catalog      how tables are looked for, and rows read as text
    checksums    the checksums that tools keep
    planning     from rows and files to an `Adoption`;  obstacles: what is in the way, in words

All of it is pure; `_adopt` does what is decided here.
"""
