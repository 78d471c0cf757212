"""From a received file to scored cases; the one place of the site, with `ranking`, that knows the engine."""
