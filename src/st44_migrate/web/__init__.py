"""
Health over HTTP: one pure function answers, the adapters translate.

==============  ==============================================================
``asgi``        `HealthASGI`, an ASGI application without a framework
``wsgi``        `HealthWSGI`, a WSGI application without a framework
``flask``       `health_blueprint`; the extra ``flask``
``fastapi``     `health_router`, with an OpenAPI schema; the extra ``fastapi``
``starlette``   `health_routes`
``django``      `health_urls`; the extra ``django``
==============  ==============================================================
"""

from __future__ import annotations

from .site import Endpoint, Site

__all__ = ["Endpoint", "Site"]
