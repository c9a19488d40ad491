"""
No password is ever shown, however it was written into the URL.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from st44_migrate.drivers.asyncpg import AsyncpgDriver
from st44_migrate.drivers.url import async_driver_for, driver_for
from st44_migrate.errors import ConfigError

MARK = "S3CR3T"

around = st.text(max_size=12)
awkward = st.text(alphabet=st.sampled_from("@:/?#%&=+[] \\'\"x1,."), max_size=12)
passwords = st.builds(lambda a, b: f"{a}{MARK}{b}", around | awkward, around | awkward)
in_conninfo = passwords.filter(lambda text: "\0" not in text)

pytestmark = pytest.mark.property


def everything_said(url: str) -> str:
    said = []
    choose: Any
    for choose in (driver_for, async_driver_for, AsyncpgDriver):
        try:
            driver = choose(url)
        except ConfigError as error:
            said.append(f"{error}{error!r}")
        else:
            said.append(f"{driver.describe()}{driver!r}{vars(driver)}")
    return "\n".join(said)


@given(passwords)
def test_an_escaped_password_is_understood_and_hidden(password: str) -> None:
    """Written as it should be, the URL works, and its description is the same without."""
    url = f"postgresql://app:{quote(password, safe='')}@db:5433/shop"
    if "\0" not in password:
        assert driver_for(url).describe() == "postgresql://app@db:5433/shop"
        assert AsyncpgDriver(url).describe() == "postgresql://app@db:5433/shop"
    assert MARK not in everything_said(url)


@given(passwords)
def test_an_unescaped_password_is_hidden(password: str) -> None:
    """Written as it is, libpq may take a part of it for something else: not shown either."""
    assert MARK not in everything_said(f"postgresql://app:{password}@db:5433/shop")


@given(passwords)
def test_a_password_among_the_parameters_is_hidden(password: str) -> None:
    """The query of a URL may hold secrets of several names."""
    for name in ("password", "sslpassword"):
        escaped = quote(password, safe="")
        assert MARK not in everything_said(f"postgresql://app@db/shop?{name}={escaped}")


@given(in_conninfo)
def test_a_password_in_a_conninfo_is_hidden(password: str) -> None:
    """Quoted as libpq wants it, and not quoted."""
    said = everything_said(make_conninfo(host="db", dbname="shop", user="app", password=password))
    assert said.startswith("postgresql://app@db:5432/shop")
    assert MARK not in said
    assert MARK not in everything_said(f"host=db dbname=shop user=app password={password}")


@given(passwords)
def test_a_secret_in_a_url_of_another_kind_is_hidden(password: str) -> None:
    """A URL nobody understands is not repeated."""
    assert MARK not in everything_said(f"mysql://app:{password}@db/shop")
    assert MARK not in everything_said(f"sqlite:///app.db?key={password}")
