"""
How to name a PostgreSQL database for people: host, port, user and database only.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

__all__ = ["words"]


def words(params: Mapping[str, str]) -> tuple[str, str]:
    """
    Say where the server is, and which database is meant.

    *params* go by libpq's names.
    """
    hosts = (params.get("host") or params.get("hostaddr") or "").split(",")
    ports = (params.get("port") or "").split(",")
    if len(ports) != len(hosts):
        ports = [ports[0]] * len(hosts)
    user = params.get("user", "")
    name = params.get("dbname") or user
    who = quote(user) + "@" if user else ""
    if service := params.get("service"):
        return f"the service {service}", f"postgresql:///?service={quote(service)}"
    if hosts == [""]:
        return "the local socket", f"postgresql://{who}/{quote(name)}"
    if hosts[0].startswith(("/", "@")):
        return hosts[0], f"postgresql://{who}/{quote(name)}?host={quote(hosts[0])}"
    place = ",".join(_host_and_port(*pair) for pair in zip(hosts, ports, strict=True))
    return place, f"postgresql://{who}{place}/{quote(name)}"


def _host_and_port(host: str, port: str) -> str:
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{port}" if port else host
