"""The calls of the open API, declared once: the addresses, the document and the page for people are made of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from permits import numbers
from permits.codes import regions
from permits.credentials import listing
from portal.openapi import answers, finding

MOST = 100


def _code(text: str) -> str:
    return numbers.normalise(str(text))


def _known_region(code: str) -> str:
    if regions.get(code) is None:
        raise ValueError(gettext("is no region code of GB/T 2260"))
    return code


class Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PermitsQuery(Query):
    holder: Annotated[str, Field(min_length=listing.SHORTEST_NAME, max_length=100)] | None = None
    uscc: Annotated[str, BeforeValidator(_code), Field(pattern=finding.USCC)] | None = None
    number: Annotated[str, BeforeValidator(_code), Field(pattern=finding.NUMBER)] | None = None
    service: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,49}$")] | None = None
    region: Annotated[str, Field(pattern=r"^\d{6}$"), AfterValidator(_known_region)] | None = None
    state: Literal["in_force", "expired", "revoked", "superseded"] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 25
    cursor: Annotated[str, Field(max_length=40)] | None = None

    @property
    def wanted(self) -> listing.Wanted:
        given = self.model_dump(include=set(listing.Wanted.__dataclass_fields__), exclude_none=True)
        return listing.Wanted(**given)


# What each parameter is, for people.
PARAMETERS: dict[str, Promise] = {
    "holder": _("A part of the holder's name, two characters or more"),
    "uscc": _("The holder's unified social credit code, or its first eight characters or more"),
    "number": _("The permit's number, or its beginning"),
    "service": _("Slug of a service"),
    "region": _("Region code of GB/T 2260: of a county, a city or a province"),
    "state": _("How it stands with the permit"),
    "limit": _("How many at most on a page"),
    "cursor": _("Where the page begins: taken from “next” of the page before"),
    "slug": _("Slug of a service"),
}


@dataclass(frozen=True)
class Call:
    name: str
    path: str  # with {parameters}
    route: str  # the same, as Django writes it
    summary: Promise
    answer: type[answers.Answer]
    make: Callable[
        ..., answers.Answer
    ]  # (query, **of the path) → the answer; raises what ``portal.views.api`` turns into problems
    example: str
    query: type[Query] = Query

    @property
    def in_path(self) -> list[str]:
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]

    @property
    def parameters(self) -> list[tuple[str, Promise]]:
        return [(name, PARAMETERS[name]) for name in [*self.in_path, *self.query.model_fields]]


def _permits(query: Any) -> answers.Answer:
    return finding.permits(
        query.wanted, limit=query.limit, cursor=query.cursor, given=query.model_dump(exclude_none=True)
    )


CALLS = (
    Call(
        "api_permits", "/api/v1/permits", "api/v1/permits", _("Search the public register"), answers.Permits, _permits,
        "/api/v1/permits?state=in_force&limit=10", PermitsQuery,
    ),
    Call(
        "api_permit", "/api/v1/permits/{number}", "api/v1/permits/<str:number>", _("One permit of the public register"),
        answers.PermitEntry, lambda query, number: finding.permit(number), "/api/v1/permits/360924-FG-2020-000001-C",
    ),
    Call(
        "api_services", "/api/v1/services", "api/v1/services", _("The services that one can apply for"),
        answers.Services, lambda query: finding.services(), "/api/v1/services",
    ),
    Call(
        "api_service", "/api/v1/services/{slug}", "api/v1/services/<slug:slug>",
        _("One service: its form, materials, stages, time limits and legal basis"), answers.ServiceDetails,
        lambda query, slug: finding.service(slug), "/api/v1/services/resumption",
    ),
)  # fmt: skip
# Calls that are no JSON of this API's: the address, what it is, the kind of answer, an example.
OTHERS = (
    ("/register.csv", _("The public register as a table (CSV, UTF-8); parameters: q, service, state, region"), "text/csv", "/register.csv?state=in_force"),
    ("/verify/status", _("The signed list of permits that are no longer good (COSE_Sign1), for checks without a network"), "application/cose", "/verify/status"),
    ("/verify/keys", _("The keys that permits are signed with (JWK set)"), "application/json", "/verify/keys"),
)  # fmt: skip
