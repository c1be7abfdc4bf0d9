"""Every page there is, in every state that it has: who opens it, and where. {name}: what tests.journeys.states printed.

A route of the site that is on no list here fails tests/portal/test_every_page_is_walked.py.
"""

from __future__ import annotations

NOBODY = [
    "/", "/services/", "/services/?q=zzzz", "/services/?q=复工", "/services/resumption/", "/services/job-retention/",
    "/services/community-report/", "/services/nothing/", "/accounts/login/", "/accounts/signup/", "/accounts/inactive/",
    "/accounts/password/reset/", "/accounts/password/reset/done/", "{reset}", "/accounts/password/reset/key/1-gone/",
    "/accounts/password/reset/key/done/", "/accounts/confirm-email/", "{confirm}", "/accounts/confirm-email/gone/",
    "/track/", "/track/?number=360924-20200210-000001-C&mobile_last4=0000", "/track/?number={owner_number}&mobile_last4=0618",
    "/verify/", "/verify/?number=", "{permit}", "{revoked_permit}", "{corrected_permit}", "{expired_permit}", "{pass_permit}", "/verify/NOTHING/",
    "/verify/offline/zh/", "/verify/offline/en/", "/audit/receipt", "/audit/receipt?number=1", "/nowhere/", "/help/", "/help/filing/", "/help/nothing/",
    "/board/", "/board/?per=day", "/register/", "/register/?q=zzzz", "/register/?state=revoked",
    "/register/?q={permit_number}", "/api/", "/unsubscribe/nothing/", "{unsubscribe}",
]  # fmt: skip
FILING = [
    "/", "/services/resumption/", "/services/job-retention/start/", "/applications/",
    *(f"{{draft}}fill/{each}/" for each in ("enterprise", "people", "staff", "arrangement", "supplies")),
    "{draft}materials/", "{draft}check/", "{draft}messages/", "{empty}fill/enterprise/", "{empty}materials/", "{empty}check/",
    "{promised}materials/", "{promised}check/", "{sheet}fill/headcount/", "{sheet}check/",
    "{report}fill/household/", "{report}check/",
]  # fmt: skip
SENT = [
    *(f"{{{each}}}" for each in (
        "sent", "reviewed", "approved", "asked", "declined", "rejected", "objected", "row", "lapsed", "withdrawn", "suspended",
        "talked", "calling", "rated", "owing", "revoked_file", "corrected_file", "expired_file", "pass_file",
    )),
    "{asked}corrections/", "{row}corrections/", "{reviewed}receipt/", "{reviewed}withdraw/", "{approved}rate/", "{rejected}objection/",
    "{sent}messages/", "{talked}messages/", "{calling}messages/", "{rejected}messages/",
]  # fmt: skip
ACCOUNT = [
    "/inbox/", "{notice}", "/enterprises/", "{enterprise}", "{enterprise}record/", "{enterprise}history/", "{enterprise}invite/",
    "{enterprise}leave/", "{member}", "{invitation}", "/enterprises/new/", "/accounts/",
    "/accounts/close/", "/accounts/mobile/", "/accounts/notices/", "/accounts/email/", "/accounts/password/change/",
    "/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/reauthenticate/", "/accounts/logout/", "/gate/",
]  # fmt: skip
NEWCOMER = ["/", "/applications/", "/inbox/", "/enterprises/", "/services/resumption/start/", "/accounts/"]
GUARDED = [
    "/accounts/2fa/", "/accounts/2fa/totp/deactivate/", "/accounts/2fa/recovery-codes/", "/accounts/2fa/recovery-codes/generate/",
    "/accounts/email/", "/accounts/",
]  # fmt: skip
STALE = ["/accounts/2fa/reauthenticate/", "/accounts/reauthenticate/"]
GATE = ["{gate}"]
AGENT = ["{enterprise}", "/applications/", "/enterprises/"]

# Name of the walk: who goes it (a session that tests.journeys.states printed, or nobody), and where.
PORTAL = {
    "nobody": ("nobody", NOBODY), "filing": ("session", FILING), "sent": ("session", SENT), "account": ("session", ACCOUNT),
    "newcomer": ("newcomer", NEWCOMER), "second factor": ("guarded", GUARDED), "signed in long ago": ("stale", STALE),
    "gate": ("checker", GATE), "agent": ("agent", AGENT),
}  # fmt: skip

TASK = "/admin/reviews/task/"
DESK = {
    "street": [
        "/admin/", TASK, f"{TASK}?q=zzzz", f"{TASK}{{task_open}}/review/", f"{TASK}{{task_open}}/viewer/", f"{TASK}{{task_asked}}/review/",
        f"{TASK}{{task_done}}/review/", f"{TASK}find/", "/admin/reviews/thread/", "/admin/reviews/thread/{thread}/thread/",
        "/admin/reviews/savedanswer/", "/admin/reviews/savedanswer/add/", "/admin/permits/application/", "/admin/reviews/delegation/",
        "/admin/reviews/interest/add/",
    ],
    "decider": [
        f"{TASK}?p=2", f"{TASK}{{task_decision}}/review/", f"{TASK}{{task_suspended}}/review/", f"{TASK}{{task_objected}}/review/",
    ],
    "supervisor": [
        "/admin/", TASK, f"{TASK}board/", f"{TASK}{{task_decision}}/review/", "/admin/permits/permit/", "/admin/permits/permit/{permit_admin}/change/",
        "/admin/permits/permit/{permit_admin}/revoke/", "/admin/permits/permit/{permit_admin}/correct/",
        "/admin/permits/application/{application_admin}/change/", "/admin/permits/application/{application_admin}/originals/",
        "/admin/reviews/rating/", "/admin/reviews/rating/{rating}/change/", "/admin/reviews/rating/{rating}/follow-up/",
        "/admin/reviews/delegation/add/", "/admin/reviews/delegation/{delegation}/end/", "/admin/reviews/interest/",
        "/admin/reviews/interest/{interest}/end/",
    ],
    "ops": [
        "/admin/", "/admin/reviews/notice/", "/admin/reviews/webhookendpoint/", "/admin/reviews/webhookendpoint/add/",
        "/admin/reviews/webhookendpoint/{webhook}/change/", "/admin/reviews/webhookendpoint/{webhook}/acts/",
        "/admin/reviews/calendarday/", "/admin/reviews/calendarday/add/", "/admin/reviews/department/",
        "/admin/reviews/department/add/", "/admin/reviews/department/1/change/", "/admin/permits/user/", "/admin/permits/user/add/",
        "/admin/permits/enterprise/", "/admin/permits/service/", "/admin/permits/serviceversion/",
        "/admin/permits/serviceversion/{edition}/change/", "/admin/permits/serviceversion/{edition}/preview/",
        "/admin/reviews/gate/", "/admin/reviews/gate/add/", "/admin/reviews/gate/{gate_admin}/change/",
        "/admin/reviews/gate/{gate_admin}/passages/", "/admin/reviews/gate/{gate_admin}/history/",
    ],
    "security": [
        "/admin/permits/user/{user_admin}/change/", "/admin/permits/user/{user_admin}/act/deactivate/", "/admin/reviews/official/",
        "/admin/reviews/official/add/", "/admin/reviews/official/{official_admin}/change/", "/admin/reviews/rolegrant/",
        "/admin/reviews/rolegrant/add/", "/admin/reviews/rolegrant/{grant}/change/", "/admin/reviews/rolegrant/{grant}/revoke/",
        "/admin/reviews/gatechecker/", "/admin/reviews/gatechecker/add/",
    ],
    "audit": ["/admin/", "/admin/reviews/event/", "/admin/reviews/event/{event}/change/"],
    "service": [
        "/admin/", "/admin/permits/editiondraft/", "/admin/permits/editiondraft/add/", "/admin/permits/editiondraft/{draft_good}/change/",
        "/admin/permits/editiondraft/{draft_good}/files/", "/admin/permits/editiondraft/{draft_good}/publish/",
        "/admin/permits/editiondraft/{draft_good}/frame/", "/admin/permits/editiondraft/{draft_broken}/change/",
        "/admin/permits/editiondraft/{draft_broken}/publish/", "/admin/permits/editiondraft/{draft_broken}/delete/",
        "/admin/permits/service/{service_admin}/change/", "/admin/permits/serviceversion/{edition}/roll-back/",
        "/admin/reviews/noticetext/", "/admin/reviews/noticetext/text/approved-email/",
    ],
    "session": ["/admin/login/"],  # an owner, who has no business here
}  # fmt: skip

# What does not answer 200, and what answers at another address than the one that was asked for.
OTHERWISE = {
    "/services/nothing/": 404, "/track/?number=360924-20200210-000001-C&mobile_last4=0000": 404, "/verify/NOTHING/": 404,
    "/nowhere/": 404, "/help/nothing/": 404, "/unsubscribe/nothing/": 404, "/admin/login/": 403,
}  # fmt: skip
# The key is taken out of the address; who finds nothing is in the queue; who has no enterprise begins with one;
# an application at the desk is its review page.
MOVES = {
    "{reset}", f"{TASK}find/", "/services/resumption/start/", "/admin/permits/application/{application_admin}/change/",
}  # fmt: skip
