"""From a received file to scored cases; the one place of the site, with `ranking`, that knows the engine."""

from scoring.warmup import warm_up

__all__ = ["warm_up"]
