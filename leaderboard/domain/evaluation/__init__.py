"""From a received file to scored cases; the one place of the site, with `boards`, that knows the engine."""
