"""Organizers looking through others' eyes (`?as=`): the links of a page keep it."""

import re
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from django.http import HttpRequest
from django.utils.html import escape

PARAMETER = "as"
# The pages that show results, or lead to them; all others are looked at with one's own eyes.
PAGES = ("/challenges/", "/submissions/", "/teams/")
_LINK = re.compile(r'<a\s[^>]*?href="([^"]*)"[^>]*>')
_FORM = re.compile(r'<form\b(?![^>]*\bmethod="post")[^>]*>')


def kept(request: HttpRequest, address: str) -> str:
    """An address of the site, asked for with the eyes of this request."""
    word = request.GET.get(PARAMETER, "")
    return _with(address, word) if word else address


def kept_on_page(request: HttpRequest, html: str) -> str:
    """A page whose links and searches keep the eyes; but for links that are marked `data-own-eyes`."""
    word = request.GET.get(PARAMETER, "")

    def link(found: re.Match[str]) -> str:
        tag, href = found[0], found[1]
        path = urlsplit(urljoin(request.path, href.replace("&amp;", "&")))
        is_shown = not path.netloc and (path.path == "/" or path.path.startswith(PAGES))
        if href.startswith("#") or not is_shown or "data-own-eyes" in tag:
            return tag
        return tag.replace(f'href="{href}"', f'href="{escape(_with(href.replace("&amp;", "&"), word))}"')

    html = _LINK.sub(link, html)
    field = f'<input type="hidden" name="{PARAMETER}" value="{escape(word)}">'
    return _FORM.sub(lambda found: found[0] + field, html)


def _with(address: str, word: str) -> str:
    scheme, host, path, query, fragment = urlsplit(address)
    asked = parse_qsl(query, keep_blank_values=True)
    if any(name == PARAMETER for name, _ in asked):
        return address
    whole = urlencode([*asked, (PARAMETER, word)], safe=",:")
    return urlunsplit((scheme, host, path, whole, fragment))
