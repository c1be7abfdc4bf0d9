"""The log in plain sentences, in the reader's language: what each event says, said of who did it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from reviews.audit import log, naming
from reviews.models import Event

# Who did it is %(who)s; what else stands between %( )s is in the event's data, or its before and after.
SENTENCES = {
    "submitted": _l("%(who)s sent application %(number)s."),
    "accepted": _l("%(who)s accepted the application."),
    "corrections_requested": _l("%(who)s asked for corrections."),
    "corrections_answered": _l("%(who)s answered the corrections (%(items)s items)."),
    "declined": _l("%(who)s did not accept the application."),
    "deemed_accepted": _l("%(department)s did not object in time: the application counts as accepted."),
    "agreed": _l("%(who)s agreed."),
    "disagreed": _l("%(who)s disagreed."),
    "stage_opened": _l("The application went on from stage %(before)s to stage %(after)s, to: %(departments)s."),
    "approved": _l("%(who)s approved the application."),
    "service_rolled_back": _l("%(who)s put edition %(after)s of the service in force again."),
    "acknowledged": _l("%(who)s saw to the report."),
    "rejected": _l("%(who)s rejected the application."),
    "withdrawn": _l("%(who)s withdrew the application."),
    "lapsed": _l("The corrections were not answered in time: the application lapsed."),
    "recorded": _l("The report was recorded on arrival."),
    "claimed": _l("%(who)s took the task of stage %(stage)s in hand."),
    "released": _l("%(who)s gave the task of stage %(stage)s back to the queue."),
    "escalated": _l("The task of stage %(stage)s is overdue: the supervisor was told."),
    "permit_revoked": _l("%(who)s revoked permit %(permit)s."),
    "rated": _l("%(who)s rated the service."),
    "rating_followed_up": _l("%(who)s followed up the rating."),
    "service_published": _l("%(who)s published edition %(after)s of the service."),
    "edition_scheduled": _l("%(who)s set a time for the publication of an edition."),
    "edition_unscheduled": _l("%(who)s cancelled the publication of an edition."),
    "edition_refused": _l("An edition could not be published at its time."),
    "access_requested": _l("%(who)s asked for access to the enterprise."),
    "access_granted": _l("%(who)s granted access to the enterprise."),
    "access_refused": _l("%(who)s refused access to the enterprise."),
    "enterprise_registered": _l("%(who)s registered the enterprise."),
    "enterprise_changed": _l("%(who)s changed the enterprise's record: %(fields)s."),
    "authorised": _l("%(who)s authorised %(to)s to act for the enterprise. Last day: %(until)s."),
    "authority_kept": _l("%(who)s handed in a document of authority for %(to)s. SHA-256: %(sha256)s."),
    "authorisation_ended": _l("%(who)s ended the authorisation of %(to)s."),
    "authorisation_expired": _l("The authorisation of %(to)s ran out after %(until)s."),
    "authorisation_reminded": _l("A reminder was sent: the authorisation of %(to)s ends after %(until)s."),
    "member_left": _l("%(who)s acts for the enterprise no more."),
    "owner_made": _l("%(who)s made %(to)s an owner of the enterprise."),
    "owner_ended": _l("%(who)s made %(to)s an agent of the enterprise instead of an owner."),
    "agent_invited": _l("%(who)s invited somebody to act for the enterprise. Last day: %(until)s."),
    "invitation_accepted": _l("%(who)s accepted the invitation to act for the enterprise."),
    "invitation_declined": _l("%(who)s declined the invitation to act for the enterprise."),
    "invitation_withdrawn": _l("%(who)s withdrew an invitation to act for the enterprise."),
    "refused": _l("%(who)s tried “%(step)s”; the rule “%(rule)s” stood against it."),
    "lease_expired": _l("%(holder)s left the task alone too long: it went back to the queue."),
    "reassigned": _l("%(who)s gave the task from %(from)s to %(to)s."),
    "delegated": _l("%(who)s lets %(to)s stand in from %(from)s until %(until)s."),
    "delegation_ended": _l("%(who)s ended that %(to)s stands in."),
    "advice_asked": _l("%(who)s asked for an opinion: %(asked)s."),
    "advised": _l("%(who)s gave an opinion."),
    "returned": _l("%(who)s returned the application to stage %(to)s."),
    "deemed_agreed": _l("No answer came in time: %(department)s counts as agreeing."),
    "reminded": _l("A reminder was sent: much of the time of stage %(stage)s is gone."),
    "second_round_asked": _l("%(who)s asked for leave to send a second notice of corrections."),
    "second_round_allowed": _l("%(who)s allowed a second notice of corrections."),
    "suspended": _l("%(who)s began a special procedure (%(kind)s): the clock stands still."),
    "resumed": _l("%(who)s ended the special procedure (%(kind)s): the clock goes on."),
    "extended": _l("%(who)s extended the statutory limit."),
    "promised": _l("%(who)s promised a material for later, or a pledge in its place."),
    "promise_dropped": _l(
        "The promise of %(requirement)s is no longer needed: the material came, or is not asked for any more."
    ),
    "promise_met": _l("%(who)s handed in what was owed: %(requirement)s."),
    "owed_escalated": _l("%(requirement)s is owed and at risk: the supervisor was told."),
    "terminated": _l("What was owed did not come in time (%(requirements)s): the application was terminated."),
    "aftercheck_opened": _l("A check of what was pledged was opened: %(requirements)s."),
    "pledge_confirmed": _l("%(who)s checked the pledge: it holds."),
    "pledge_false": _l("%(who)s checked the pledge: it is false."),
    "permit_corrected": _l("%(who)s corrected a slip in permit %(permit)s."),
    "permit_superseded": _l("Permit %(permit)s was superseded by %(by)s."),
    "objected": _l("%(who)s objected to the decision."),
    "upheld": _l("%(who)s upheld the decision."),
    "overturned": _l("%(who)s set the decision aside."),
    "interest_declared": _l("%(who)s put a conflict of interest on record."),
    "interest_ended": _l("%(who)s ended a conflict of interest on record."),
    "due_times_recomputed": _l("The due times were computed again with another calendar."),
    "role_granted": _l("%(who)s granted a role: %(after)s."),
    "role_revoked": _l("%(who)s took a role back: %(before)s."),
    "posted": _l("%(who)s posted an official to %(department)s: %(after)s."),
    "posting_changed": _l("%(who)s changed a role at %(department)s from %(before)s to %(after)s."),
    "posting_ended": _l("%(who)s ended a posting at %(department)s: %(before)s."),
    "account_made": _l("%(who)s made the account."),
    "account_activated": _l("%(who)s activated the account."),
    "account_deactivated": _l("%(who)s deactivated the account."),
    "desk_opened": _l("%(who)s let the account in to the review desk."),
    "desk_closed": _l("%(who)s shut the account out of the review desk."),
    "superuser_revoked": _l("%(who)s took the superuser's rights from the account."),
    "settings_changed": _l("%(who)s changed settings: %(columns)s."),
    "words_erased": _l("%(who)s erased the words of event %(seq)s."),
    "notice_text_published": _l("%(who)s published the wording of a notice."),
    "notice_text_tested": _l("%(who)s sent the wording of a notice to themselves, as a test."),
    "digest_sent": _l("The morning summary was sent to %(people)s officials."),
    "looked": _l("%(who)s looked at %(what)s."),
    "name_changed": _l("%(who)s changed the name on the account."),
    "sessions_ended": _l("%(who)s signed the account out on all other devices."),
    "own_data_taken": _l("%(who)s took their own data out as a file."),
    "account_closed": _l("%(who)s closed the account."),
    "mobile_confirmed": _l("%(who)s confirmed a mobile number of the account."),
    "mobile_removed": _l("%(who)s removed the mobile number from the account."),
    "log_exported": _l("%(who)s took the audit log out as a file."),
    "original_taken": _l("%(who)s took out the original of a file: %(requirement)s."),
    "erasure_announced": _l("The applicant was told that %(count)s files of the draft will be erased."),
    "draft_discarded": _l("%(who)s threw the draft away."),
    "files_erased": _l("%(count)s files were erased: the time for which they are kept is over."),
    "message_sent": _l("%(who)s sent a message about the application (%(way)s)."),
    "thread_claimed": _l("%(who)s took a question of the applicant in hand."),
    "thread_escalated": _l("A question of the applicant waits for an answer too long: the supervisor was told."),
    "thread_released": _l("%(who)s gave a question of the applicant back to the office."),
    "call_asked": _l("%(who)s asked to be called, from %(from)s on."),
    "call_cancelled": _l("%(who)s does not want to be called any more."),
    "call_done": _l("%(who)s called the applicant."),
    "call_missed": _l("%(who)s called the applicant and reached nobody."),
    "consent_given": _l("%(who)s lets %(department)s look at the draft until %(until)s."),
    "consent_revoked": _l("%(who)s lets nobody look at the draft any more."),
    "thread_erased": _l("The words of %(count)s messages were erased: the time for which they are kept is over."),
    "gate_made": _l("%(who)s made gate %(called)s; its passages are kept for %(keep_days)s days."),
    "gate_changed": _l("%(who)s changed gate %(called)s; its passages are kept for %(keep_days)s days."),
    "gate_given": _l("%(who)s lets the account check at gate %(called)s."),
    "gate_taken": _l("%(who)s lets the account check at gate %(called)s no more."),
    "scans_pruned": _l("%(count)s passages were deleted: the time for which they are kept is over."),
}
# The same of exactly one, where the sentence counts: what is counted, and what is said then.
OF_ONE = {
    "corrections_answered": ("items", _l("%(who)s answered the corrections (one item).")),
    "digest_sent": ("people", _l("The morning summary was sent to one official.")),
    "erasure_announced": ("count", _l("The applicant was told that one file of the draft will be erased.")),
    "files_erased": ("count", _l("One file was erased: the time for which it is kept is over.")),
    "thread_erased": ("count", _l("The words of one message were erased: the time for which they are kept is over.")),
    "gate_made": ("keep_days", _l("%(who)s made gate %(called)s; its passages are kept for one day.")),
    "gate_changed": ("keep_days", _l("%(who)s changed gate %(called)s; its passages are kept for one day.")),
    "scans_pruned": ("count", _l("One passage was deleted: the time for which it is kept is over.")),
}
# The same, where the event says more or less than usual.
HURRY = _l("A reminder was sent: time is running short.")
OWED_SOON = _l("A reminder was sent: %(requirement)s is owed.")
OWED_CAME = _l("What was owed came, and its file was found fine: %(requirement)s.")
EXPERT_ASKED = _l("%(who)s asked %(expert)s for an opinion, at: %(asked)s.")


def sentence(event: Event, names: naming.Names) -> str:
    """What the event says, its actor named. An application's event comes with its application and that one's edition."""
    data = log.data_of(event)
    gaps = _Gaps({key: naming.value(event, data, key, names) for key in data})
    gaps |= {
        "who": naming.who(event, names), "before": naming.state(event, event.before), "after": naming.state(event, event.after),
        "columns": naming.columns(event, data) if event.action == "settings_changed" else "",
    }  # fmt: skip
    said = str(_wording(event, data)) % gaps
    if behalf := names.people.get(data.get("on_behalf_of") or ""):
        said = _("%(said)s In the place of %(name)s.") % {"said": said, "name": behalf}
    return said


def _wording(event: Event, data: dict[str, object]) -> object:
    action = event.action
    if action == "promise_met" and event.actor is None:
        return OWED_CAME
    if action == "reminded" and not data.get("stage"):
        return OWED_SOON if data.get("requirement") else HURRY
    if action == "advice_asked" and data.get("expert"):
        return EXPERT_ASKED
    counted, of_one = OF_ONE.get(action, ("", ""))
    if counted and data.get(counted) == 1:
        return of_one
    return SENTENCES[action]


class _Gaps(dict[str, str]):
    """What an older event doesn't say is a dash, never an error."""

    def __missing__(self, key: str) -> str:
        return "—"
