"""The service's own pages, drawn from their templates."""

from http import HTTPStatus

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

_pages = Environment(
    loader=PackageLoader("ultrainteract.web.service"), autoescape=True, undefined=StrictUndefined
)


def draw(template: str, **values: object) -> str:
    """A page as HTML."""
    return _pages.get_template(f"{template}.html").render(**values)


def problem_page(status: HTTPStatus, detail: str) -> Response:
    """What went wrong, for a person."""
    return HTMLResponse(draw("problem", title=status.phrase, detail=detail), status)
