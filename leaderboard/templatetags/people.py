"""Names of people."""

from django import template

from leaderboard.words import person

register = template.Library()
register.filter("person", person)
