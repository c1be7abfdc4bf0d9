"""Every address of the portal."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from portal.views import (
    bundle,
    catalogue,
    checker,
    checkpoint,
    corrections,
    enterprises,
    errors,
    files,
    filing,
    filling,
    health,
    home,
    inbox,
    materials,
    members,
    metrics,
    mobile,
    objections,
    preferences,
    promises,
    record,
    renewal,
    reports,
    sheets,
    tracking,
    tus,
    verify,
)

# One log-in for everybody, with its limits and its second factor; the admin's own has neither.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", home.home, name="home"),
    path("language/", home.set_language, name="set_language"),
    path("services/", catalogue.catalogue, name="catalogue"),
    path("services/<slug:slug>/", catalogue.service, name="service"),
    path("services/<slug:slug>/files/<int:edition>/<str:name>", catalogue.edition_file, name="edition_file"),
    path("services/<slug:slug>/start/", filing.start, name="start"),
    path("applications/", tracking.applications, name="applications"),
    path("applications/<uuid:public_id>/", tracking.application, name="application"),
    path("applications/<uuid:public_id>/go-on/", filing.go_on, name="go_on"),
    path("applications/<uuid:public_id>/fill/<slug:section>/", filling.fill, name="fill"),
    path("applications/<uuid:public_id>/fill/<slug:section>/<slug:key>.xlsx", sheets.template, name="sheet_template"),
    path("applications/<uuid:public_id>/fill/<slug:section>/<slug:key>/sheet/", sheets.take, name="sheet_take"),
    path("applications/<uuid:public_id>/materials/", materials.materials, name="materials"),
    path("applications/<uuid:public_id>/materials/<slug:key>/add/", materials.add, name="material_add"),
    path("applications/<uuid:public_id>/materials/<slug:key>/uploads/", tus.uploads, name="uploads"),
    path("applications/<uuid:public_id>/uploads/<uuid:upload_id>/", tus.upload, name="upload"),
    path("applications/<uuid:public_id>/materials/<slug:key>/promise/", promises.promise, name="material_promise"),
    path("applications/<uuid:public_id>/materials.zip", bundle.materials_zip, name="materials_zip"),
    path("applications/<uuid:public_id>/files/<uuid:file_id>/", files.serve, name="material_file"),
    path("applications/<uuid:public_id>/files/<uuid:file_id>/view/<str:token>/", files.view, name="material_view"),
    path(
        "applications/<uuid:public_id>/files/<uuid:file_id>/<slug:kind>/<int:page>/", files.part, name="material_part"
    ),
    path("applications/<uuid:public_id>/files/<uuid:file_id>/state/", materials.state, name="material_state"),
    path("applications/<uuid:public_id>/files/<uuid:file_id>/remove/", materials.remove, name="material_remove"),
    path("applications/<uuid:public_id>/files/<uuid:file_id>/move/", materials.move, name="material_move"),
    path("applications/<uuid:public_id>/carry/", filing.carry, name="carry"),
    path("applications/<uuid:public_id>/check/", filing.check, name="check"),
    path("applications/<uuid:public_id>/discard/", filing.discard, name="discard"),
    path("applications/<uuid:public_id>/receipt/", tracking.receipt, name="receipt"),
    path("applications/<uuid:public_id>/record.json", record.proof, name="record_proof"),
    path("applications/<uuid:public_id>/corrections/", corrections.corrections, name="corrections"),
    path("applications/<uuid:public_id>/objection/", objections.object_to, name="objection"),
    path("applications/<uuid:public_id>/renew/", renewal.renew, name="renew"),
    path("applications/<uuid:public_id>/withdraw/", tracking.withdraw, name="withdraw"),
    path("applications/<uuid:public_id>/rate/", tracking.rate, name="rate"),
    path("applications/<uuid:public_id>/permit.pdf", tracking.permit_pdf, name="permit_pdf"),
    path("track/", tracking.track, name="track"),
    path("enterprises/", enterprises.enterprises, name="enterprises"),
    path("enterprises/new/", enterprises.new, name="enterprise_new"),
    path("enterprises/access/", enterprises.ask_access, name="enterprise_access"),
    path("enterprises/<uuid:public_id>/", enterprises.enterprise, name="enterprise"),
    path("enterprises/access/<uuid:public_id>/", enterprises.answer_access, name="access_answer"),
    path("enterprises/invitations/<uuid:public_id>/", members.invitation, name="invitation"),
    path("enterprises/<uuid:public_id>/record/", enterprises.edit, name="enterprise_edit"),
    path("enterprises/<uuid:public_id>/history/", enterprises.history, name="enterprise_history"),
    path("enterprises/<uuid:public_id>/invite/", members.invite, name="enterprise_invite"),
    path("enterprises/<uuid:public_id>/leave/", members.leave, name="enterprise_leave"),
    path("enterprises/<uuid:public_id>/members/<uuid:person>/", members.member, name="member"),
    path("enterprises/<uuid:public_id>/members/<uuid:person>/document/", members.document, name="member_document"),
    path(
        "enterprises/<uuid:public_id>/invitations/<uuid:invitation>/",
        members.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/unread/", inbox.unread, name="inbox_unread"),
    path("inbox/read/", inbox.read_all, name="inbox_read"),
    path("n/<int:pk>/", inbox.short_link, name="notice_short"),
    path("inbox/<int:pk>/", inbox.open_notice, name="notice"),
    path("notices/report/<slug:channel>/", reports.report, name="notice_report"),
    path("verify/", verify.search, name="verify"),
    path("verify/keys", checker.keys, name="verify_keys"),
    path("verify/status", checker.status_list, name="verify_status"),
    path("verify/offline/", checker.home, name="checker"),
    path("verify/offline/worker.js", checker.worker, name="checker_worker"),
    path("verify/offline/<slug:language>/", checker.page, name="checker_page"),
    path("verify/offline/<slug:language>/manifest.webmanifest", checker.manifest, name="checker_manifest"),
    path("verify/<str:number>/", verify.permit, name="verify_permit"),
    path("accounts/mobile/", mobile.mobile, name="mobile"),
    path("accounts/notices/", preferences.preferences, name="preferences"),
    path("unsubscribe/<str:token>/", preferences.unsubscribe, name="unsubscribe"),
    path("audit/receipt", record.check, name="record_check"),
    path("audit/checkpoint", checkpoint.checkpoint, name="audit_checkpoint"),
    path("audit/keys", checkpoint.keys, name="audit_keys"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]
if settings.DEBUG:
    urlpatterns += [path("style/", home.style, name="style")]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
