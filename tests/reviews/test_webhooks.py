"""Other departments' systems hear of every step in its order, signed; what fails holds up what is behind it."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import CommandError, call_command
from django.utils import timezone

from reviews import pruning, workflow
from reviews.audit import sealing
from reviews.models import DeliveryReport, Event, Leaf, Notice, WebhookDelivery, WebhookEndpoint
from reviews.notices import reports
from reviews.webhooks import endpoints, sending, state, steps, wire
from tests import servers
from tests.cast import filled, holder, task_of
from tests.fakes import receiver as fakes

PRIVATE_NAMES = {
    "loop.test": ["127.0.0.1"], "inside.test": ["10.1.2.3"], "meta.test": ["169.254.169.254"], "six.test": ["::1"],
    "mapped.test": ["::ffff:192.168.1.1"], "nat64.test": ["64:ff9b::a01:203"], "sixtofour.test": ["2002:a01:203::1"],
    "both.test": ["93.184.216.34", "10.0.0.1"], "zone.test": ["fe80::1%lo"], "any.test": ["0.0.0.0"], "shared.test": ["100.64.0.1"],
    "multicast.test": ["224.0.0.1"],
}  # fmt: skip


@pytest.fixture(scope="module")
def running():
    with fakes.running() as (there, port):
        yield there, port


@pytest.fixture
def receiver(running, settings):
    settings.WEBHOOK_ALLOW_PRIVATE = True
    running[0].forget()
    return running[0]


def made(port: int, **changes) -> WebhookEndpoint:
    endpoint = WebhookEndpoint(name="税务局", url=f"http://127.0.0.1:{port}/hook?from=portal", **changes)
    endpoints.save(endpoint, by=None)
    return endpoint


@pytest.fixture
def endpoint(db, receiver, running):
    return made(running[1])


@pytest.fixture
def approved(endpoint, cast):
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    for office, official, outcome in (
        ("street", cast.street, "accept"), ("health", cast.health, "agree"), ("industry", cast.industry, "agree"),
        ("bureau", cast.decider, "approve"),
    ):  # fmt: skip
        workflow.decide(task_of(application, office).pk, official=official, outcome=outcome)
    sealing.seal()
    application.refresh_from_db()
    return application


def told(endpoint: WebhookEndpoint) -> int:
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(next_attempt_at=timezone.now())
    sent = sending.deliver(endpoint.pk)
    endpoint.refresh_from_db()
    return sent


def wanted() -> list[str]:
    """The ids of what is to be told, in the log's order."""
    leaves = Leaf.objects.filter(event__application__isnull=False, event__action__in=steps.PUBLIC).order_by("index")
    return [f"evt_{digest[:40]}" for digest in leaves.values_list("event__hash", flat=True)]


def test_every_step_is_told_once_in_its_order_signed_and_with_nothing_personal(approved, endpoint, receiver, cast):
    assert told(endpoint) == len(receiver.calls) >= 3 and told(endpoint) == 0
    assert receiver.ids == wanted()
    assert receiver.actions[0] == "application.submitted" and receiver.actions[-1] == "application.approved"
    for _id, said, headers, body in receiver.calls:
        assert fakes.signs(endpoint.secret, headers, body) and not fakes.signs(wire.new_secret(), headers, body)
        assert set(said) == {"type", "timestamp", "data"}
        assert set(said["data"]) == {
            "number", "service", "edition", "region", "action", "status_before", "status", "sequence",
        }  # fmt: skip
        assert said["data"]["number"] == approved.number
        for word in (cast.enterprise.name, cast.enterprise.uscc, cast.owner.name, cast.decider.name, cast.owner.email):
            assert word not in body.decode()
    assert receiver.calls[-1][1]["data"]["status"] == "approved"


def test_it_hears_of_the_steps_services_and_region_that_it_asked_for(approved, receiver, running):
    port = running[1]
    told_of = {
        name: len(steps._deliveries(WebhookEndpoint(**changes), list(Leaf.objects.all())))
        for name, changes in {
            "all": {}, "approved": {"actions": ["approved"]}, "claimed": {"actions": ["claimed"]},
            "service": {"services": ["resumption"]}, "other": {"services": ["job-retention"]},
            "city": {"region": "360900"}, "county": {"region": "360924"}, "province": {"region": "360000"},
            "elsewhere": {"region": "360800"},
        }.items()
    }  # fmt: skip
    every = len(wanted())
    assert told_of == {"all": every, "approved": 1, "claimed": 0, "service": every, "other": 0, "city": every,
                       "county": every, "province": every, "elsewhere": 0}  # fmt: skip
    late = made(port)
    assert told(late) == 0  # it hears of what happens from now on


def test_what_fails_holds_up_what_is_behind_it_and_goes_again_under_its_id(approved, endpoint, receiver):
    receiver.then = [204, 500, 302, 0]
    assert told(endpoint) == 1
    assert endpoint.failures == 1 and endpoint.next_attempt_at > timezone.now() + timedelta(seconds=5)
    assert sending.deliver(endpoint.pk) == 0 and len(receiver.calls) == 2  # not before its time
    assert told(endpoint) == 0  # a redirect is not followed
    assert told(endpoint) == 0  # taken, and the answer lost
    assert told(endpoint) == len(wanted()) - 1
    assert receiver.ids == [wanted()[0], *[wanted()[1]] * 4, *wanted()[2:]]
    assert endpoint.failures == 0 and endpoint.failing_since is None


def test_retry_after_is_honoured(approved, endpoint, receiver):
    receiver.then, receiver.retry_after = [429], "900"
    told(endpoint)
    assert timedelta(seconds=880) < endpoint.next_attempt_at - timezone.now() < timedelta(seconds=910)


def test_a_step_that_is_refused_for_good_is_given_up_with_an_alert_and_the_next_one_goes(
    approved, endpoint, receiver, caplog
):
    receiver.then = [422] * sending.REFUSALS
    for _try in range(sending.REFUSALS - 1):
        assert told(endpoint) == 0
    assert told(endpoint) == len(wanted()) - 1
    assert endpoint.deliveries.get(state="dead").message_id == wanted()[0]
    assert caplog.text.count("is given up") == 1
    receiver.forget()
    since = Event.objects.get(action="submitted").at
    assert endpoints.replay(endpoint, since=since, by=None) == len(wanted())
    assert told(endpoint) == len(wanted()) and receiver.ids == wanted()


def test_gone_and_long_silence_disable_it_and_nothing_is_lost(approved, endpoint, receiver, caplog):
    receiver.then = [410]
    told(endpoint)
    assert not endpoint.active and endpoint.disabled_because == "gone" and "is disabled" in caplog.text
    assert told(endpoint) == 0 and len(receiver.calls) == 1
    endpoint.active = True
    endpoints.save(endpoint, by=None)
    receiver.then = [503, 503]
    told(endpoint)
    WebhookEndpoint.objects.update(failing_since=timezone.now() - sending.LONG - timedelta(hours=1))
    told(endpoint)
    assert not endpoint.active and endpoint.disabled_because == "silent"
    endpoint.active = True
    endpoints.save(endpoint, by=None)
    receiver.forget()
    assert told(endpoint) == len(wanted()) and receiver.ids == wanted()


def test_a_replay_tells_the_same_again_and_what_was_never_told(approved, receiver, running):
    late = made(running[1])
    out = StringIO()
    day = timezone.localdate().isoformat()
    call_command("replay_webhooks", endpoint=str(late.pk), since=day, stdout=out)
    assert told(late) == len(wanted()) and receiver.ids == wanted()
    first = [call[3] for call in receiver.calls]
    call_command(
        "replay_webhooks",
        endpoint="税务局" if WebhookEndpoint.objects.count() == 1 else str(late.pk),
        since=day,
        stdout=out,
    )
    assert told(late) == len(wanted()) and receiver.ids == wanted() * 2
    assert [call[3] for call in receiver.calls] == first * 2
    for wrong in ({"endpoint": "0", "since": day}, {"endpoint": str(late.pk), "since": "yesterday"}):
        with pytest.raises(CommandError):
            call_command("replay_webhooks", **wrong)


def test_two_secrets_sign_while_one_takes_the_place_of_the_other(approved, endpoint, receiver):
    earlier = endpoint.secret
    later = endpoints.rotate(endpoint, by=None)
    told(endpoint)
    _id, _said, headers, body = receiver.calls[0]
    assert fakes.signs(earlier, headers, body) and fakes.signs(later, headers, body)
    WebhookEndpoint.objects.update(earlier_until=timezone.now())
    tested = endpoints.test(WebhookEndpoint.objects.get(), by=None)
    _id, said, headers, body = receiver.calls[-1]
    assert tested.state == "sent" and said["type"] == "portal.test"
    assert not fakes.signs(earlier, headers, body) and fakes.signs(later, headers, body)
    assert not Event.objects.filter(payload__contains=later[6:]).exists()


def test_only_one_worker_sends_at_a_time(approved, endpoint, receiver):
    WebhookEndpoint.objects.update(held_until=timezone.now() + sending.HELD)
    assert told(endpoint) == 0 and not receiver.calls
    with servers.broker("memory://localhost"):
        assert sending.kick() == []
        WebhookEndpoint.objects.update(held_until=timezone.now())
        assert sending.kick() == [endpoint.pk]
        told(endpoint)
        assert sending.kick() == []  # there is nothing to hear


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_tell_each_step_once(approved, endpoint, receiver):
    from django.db import connections

    def work() -> None:
        try:
            sending.deliver(endpoint.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told(endpoint)
    assert receiver.ids == wanted()


def test_a_cursor_waits_for_what_is_not_sealed_yet(endpoint, cast, receiver):
    workflow.submit(filled(cast).pk, applicant=cast.owner)
    assert told(endpoint) == 0
    sealing.seal()
    assert told(endpoint) == 1


@pytest.mark.parametrize("name", PRIVATE_NAMES)
def test_a_name_that_leads_inside_is_not_sent_to(name, settings, monkeypatch):
    settings.WEBHOOK_ALLOW_PRIVATE = False
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in PRIVATE_NAMES[name]]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    with pytest.raises(wire.NotAllowed):
        wire.post(f"https://{name}/hook", [wire.new_secret()], "id", "{}")


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "ftp://example.com/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1:8443/x", "https://",
     "https://user:secret@example.com/", "https://example.com:99999/", "https://example.com:x/", "https://exa mple.com/",
     "https://例子.com/", "https://example.com/\r\nX: y", "//example.com/"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_before_anything_is_asked(url, settings):
    settings.WEBHOOK_ALLOW_PRIVATE = False
    with pytest.raises((wire.NotAllowed, ValueError)):
        wire.check(url)


def test_the_address_that_was_looked_at_is_the_one_connected_to_and_the_certificate_is_for_the_name(
    settings, tmp_path, monkeypatch
):
    """A name is asked for once: what it leads to afterwards doesn't matter."""
    context, file = certificate(tmp_path, "tax.test")
    settings.WEBHOOK_ALLOW_PRIVATE, settings.WEBHOOK_CA_FILE = True, str(file)
    asked = []
    real = socket.getaddrinfo

    def answer(host, port, *args, **kwargs):
        asked.append(host)
        return real("127.0.0.1" if host in ("tax.test", "other.test") else host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with fakes.running(context) as (there, port):
        secret = wire.new_secret()
        assert wire.post(f"https://tax.test:{port}/hook", [secret], "id-1", '{"a":1}').status == 204
        assert asked[0] == "tax.test" and set(asked[1:]) <= {"127.0.0.1"}
        [(identity, _said, headers, body)] = there.calls
        assert identity == "id-1" and headers["Host"] == f"tax.test:{port}" and fakes.signs(secret, headers, body)
        with pytest.raises(wire.Unanswered):
            wire.post(f"https://other.test:{port}/hook", [secret], "id-2", "{}")
        assert len(there.calls) == 1


@contextlib.contextmanager
def dripping(before: bytes):
    """A server that sends a byte every 50 ms after ``before`` for as long as anybody listens; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _address = listening.accept()
                    with client, contextlib.suppress(OSError):
                        client.sendall(before)
                        for _byte in range(400):
                            client.sendall(b"a")
                            time.sleep(0.05)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    ("scheme", "before"),
    [("http", b""), ("http", b"HTTP/1.1 200 OK\r\nX-Slow: "), ("http", b"HTTP/1.1 100 Continue\r\n\r\n"), ("https", b"\x16\x03\x03\x40\x00")],
)  # fmt: skip
def test_a_receiver_that_drips_bytes_is_given_up_in_time(scheme, before, settings):
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with dripping(before) as port:
        began = time.monotonic()
        with pytest.raises(wire.Unanswered, match="no whole answer"):
            wire.post(f"{scheme}://127.0.0.1:{port}/", [wire.new_secret()], "id", "{}", deadline=0.5)
        assert time.monotonic() - began < 5


def test_the_time_of_the_worker_that_runs_out_counts_as_no_answer(approved, endpoint, monkeypatch):
    def over(*_arguments):
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(wire, "post", over)
    assert sending.deliver(endpoint.pk) == 0
    endpoint.refresh_from_db()
    first = endpoint.deliveries.order_by("leaf").first()
    assert (endpoint.failures, first.attempts, first.detail[:10]) == (1, 1, "Unanswered")
    assert endpoint.failing_since and endpoint.next_attempt_at > timezone.now() >= endpoint.held_until


def test_nobody_else_takes_an_endpoint_while_its_worker_may_live(settings):
    assert timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT) < sending.HELD
    assert sending.TURN + wire.DEADLINE < settings.CELERY_TASK_SOFT_TIME_LIMIT


def certificate(folder, name):
    """A server's TLS for that name, and the file that vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file, private = folder / "cert.pem", folder / "key.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, private)
    return context, file


def test_signatures_are_those_of_the_specification():
    """The example of standardwebhooks' own test suite."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    made = wire.signatures([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_page_tests_makes_a_secret_that_is_shown_once_and_tells_again(approved, endpoint, receiver, client):
    client.force_login(holder("system_admin"))
    address = f"/admin/reviews/webhookendpoint/{endpoint.pk}/acts/"
    page = client.get(address)
    assert page.status_code == 200 and endpoint.secret not in page.content.decode()
    assert "204" in client.post(address, {"do": "test"}).content.decode()
    made_now = client.post(address, {"do": "secret"})
    endpoint.refresh_from_db()
    assert endpoint.secret in made_now.content.decode() and "no-store" in made_now["Cache-Control"]
    assert endpoint.secret not in client.get(address).content.decode()
    assert client.post(address, {"do": "replay", "since": "soon"}).status_code == 422
    told(endpoint)
    assert client.post(address, {"do": "replay", "since": "2020-01-01T00:00"}).status_code == 200
    assert told(endpoint) == len(wanted()) and receiver.ids[1:] == wanted() * 2


def test_an_endpoint_is_made_and_changed_on_a_page_and_no_secret_is_on_record(db, published, client):
    client.force_login(holder("system_admin"))
    form = {"name": "税务局", "url": "https://tax.example.gov.cn/hook?token=abc", "actions": ["approved"],
            "services": ["resumption"], "region": "360900", "active": "on"}  # fmt: skip
    assert client.post("/admin/reviews/webhookendpoint/add/", form | {"url": "https://10.0.0.1/"}).status_code == 200
    assert client.post("/admin/reviews/webhookendpoint/add/", form | {"region": "3609"}).status_code == 200
    assert not WebhookEndpoint.objects.exists()
    assert client.post("/admin/reviews/webhookendpoint/add/", form).status_code == 302
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.actions, endpoint.services, endpoint.region) == (["approved"], ["resumption"], "360900")
    assert endpoint.secret.startswith("whsec_")
    address = f"/admin/reviews/webhookendpoint/{endpoint.pk}/change/"
    assert "checked" in client.get(address).content.decode()
    assert client.post(address, form | {"actions": ["approved", "rejected"]}).status_code == 302
    after = WebhookEndpoint.objects.get()
    assert after.actions == ["approved", "rejected"] and after.secret == endpoint.secret
    events = Event.objects.filter(stream=f"webhookendpoint:{endpoint.pk}").order_by("seq")
    assert [json.loads(event.payload)["data"]["host"] for event in events] == ["tax.example.gov.cn"] * 2
    assert not any("token" in event.payload or "whsec" in event.payload for event in events)
    assert not WebhookDelivery.objects.exists()


def test_an_operator_sees_how_each_is_doing(approved, endpoint, receiver, client, settings, django_assert_num_queries):
    receiver.then = [500]
    told(endpoint)
    with django_assert_num_queries(4):
        [found] = state.figures()
    assert (found.waiting, found.unread, found.dead, found.tried, found.failed) == (len(wanted()), 0, 0, 1, 1)
    assert found.oldest > 0 and found.failing_since
    assert "nothing gets through since" in said("notices")
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(hours=1))
    assert f"nothing gets through to {endpoint.name}" in said("doctor")
    settings.METRICS_TOKEN = "s3cret"
    text = client.get("/metrics", headers={"Authorization": "Bearer s3cret"}).content.decode()
    assert f'portal_webhook_waiting{{endpoint="{endpoint.pk} 税务局"}} {float(len(wanted()))}' in text
    assert told(endpoint) == len(wanted())
    [found] = state.figures()
    assert (found.waiting, found.oldest, found.failures, found.failing_since) == (0, 0, 0, None)
    assert json.loads(said("notices", "--json"))["webhooks"][0]["waiting"] == 0


def test_what_it_took_long_ago_goes_and_what_waits_stays(approved, endpoint, receiver):
    receiver.then = [200, 500]
    told(endpoint)
    long_ago = timezone.now() - timedelta(days=91)
    endpoint.deliveries.update(at=long_ago)
    endpoints.test(endpoint, by=None)
    assert pruning.prune()["webhook deliveries"] == 1  # the one that got through
    assert endpoint.deliveries.filter(leaf__isnull=False).count() == len(wanted()) - 1
    assert told(endpoint) == len(wanted()) - 1 and receiver.ids[-1] == wanted()[-1]
    assert pruning.prune() == {"webhook deliveries": len(wanted()) - 1, "delivery reports": 0}
    endpoints.replay(endpoint, since=approved.submitted_at - timedelta(minutes=1), by=None)
    assert told(endpoint) == len(wanted())  # it is read from the log again


def test_reports_of_long_ago_go_and_what_they_brought_about_stays(approved):
    notice = Notice.objects.filter(channel="email").first()
    Notice.objects.filter(pk=notice.pk).update(channel="sms", state="sent", provider_id="m-1")
    now = timezone.now()
    assert reports.take("sms", "m-1", "delivered", now) and reports.take("sms", "m-2", "failed", now)
    assert pruning.prune()["delivery reports"] == 0
    DeliveryReport.objects.update(received_at=now - timedelta(days=91))
    assert pruning.prune()["delivery reports"] == 2
    notice.refresh_from_db()
    assert notice.delivered_at == now
    assert reports.take("sms", "m-1", "failed", now)  # comes once more, and changes nothing
    notice.refresh_from_db()
    assert (notice.state, notice.delivered_at) == ("sent", now)


def said(*command: str) -> str:
    out = StringIO()
    with contextlib.suppress(CommandError, SystemExit):
        call_command(*command, stdout=out, stderr=out)
    return out.getvalue()
