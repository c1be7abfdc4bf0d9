"""Each error page, really provoked over HTTP at a gunicorn of its own; no database is there to help it."""

from __future__ import annotations

import gzip
import http.client
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.management.commands import doctor
from tests import servers
from tests.run import free_port, wait_for

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The portal without a table in its database, with a signer that is not there, and a ceiling of files of its own."""
    var = tmp_path_factory.mktemp("broken")
    environment = {
        "VAR_DIR": str(var), "DATABASE_URL": f"sqlite:///{var}/nothing.sqlite3", "UPLOAD_MAX_BYTES": str(7 << 20),
        "AUDIT_SIGNER": "nowhere.Signer",
    }  # fmt: skip
    port = free_port()
    with servers.process(
        ["gunicorn", "portal.wsgi", "-b", f"127.0.0.1:{port}", "--threads", "2"], environment, var / "log"
    ):
        wait_for(port)
        yield port, var


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], str]:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    link.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = link.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()


def stands_alone(headers: dict[str, str], page: str) -> None:
    """Both languages, no other file, no cookie, and a CSP that lets its own style through."""
    assert 'lang="zh-hans"' in page and '<section lang="en" id="en">' in page
    assert not re.search(r'<(?:link|script|img)\b|(?:src|href)="(?:/static|http)', page)
    assert re.search(r"style-src 'sha256-[^']+'", headers["content-security-policy"])
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "set-cookie" not in headers and headers["cache-control"] == "no-store"
    assert "{{" not in page and "{%" not in page


def test_too_much_text_is_told_the_limits_that_hold(broken):
    port, _var = broken
    form = b"name=" + b"x" * (3 << 20)
    status, headers, page = ask(
        port, "POST", "/accounts/login/", form, Content_Type="application/x-www-form-urlencoded"
    )
    assert status == 413
    stands_alone(headers, page)
    assert "不能超过 7 MB" in page and "up to 7 MB" in page and "up to 2 MB" in page


def test_a_database_that_is_away_is_a_503_worth_another_try(broken):
    port, _var = broken
    status, headers, page = ask(port, "GET", "/services/")
    assert (status, headers["retry-after"]) == (503, "60")
    stands_alone(headers, page)
    assert "不会丢失" in page and "are not lost" in page


def test_a_fault_of_ours_is_a_500(broken):
    port, _var = broken
    status, headers, page = ask(port, "GET", "/audit/keys")
    assert status == 500
    stands_alone(headers, page)
    assert "不会丢失" in page and "Traceback" not in page


def test_pages_leave_compressed_and_a_lost_address_needs_no_database(broken):
    port, _var = broken
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    link.request("GET", "/nowhere/", headers={"Accept-Encoding": "gzip"})
    answer = link.getresponse()
    page = answer.read()
    assert answer.status == 404 and answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    whole = gzip.decompress(page)
    assert len(page) < len(whole) / 2 and "404" in whole.decode()
    link.request("GET", "/verify/offline/worker.js", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in link.getresponse().headers  # no page: as it is


def maintenance(*arguments: str) -> str:
    said = io.StringIO()
    call_command("maintenance", *arguments, stdout=said)
    return said.getvalue()


def test_closed_for_maintenance_says_until_when_and_opens_without_a_restart(broken, settings):
    port, settings.VAR_DIR = broken
    maintenance("on", "--until", "2099-01-02T03:04")
    for method, body in (("GET", b""), ("POST", b"a=b")):
        status, headers, page = ask(port, method, "/accounts/login/", body)
        assert status == 503 and int(headers["retry-after"]) > 3600
        stands_alone(headers, page)
        assert "系统维护中" in page and "1月2日 03:04" in page and "03:04 on 2 January 2099" in page
    assert ask(port, "GET", "/healthz")[0] == 200
    assert ask(port, "GET", "/static/css/portal.css")[0] == 200
    assert maintenance("status").startswith("closed for maintenance until 2099-01-02 03:04")
    assert maintenance("off") == "open again\n"
    assert "维护" not in ask(port, "GET", "/accounts/login/")[2]


def test_the_time_is_over_and_it_is_still_closed(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    (tmp_path / "maintenance.json").write_text('{"until": "2020-01-02T03:04:00+08:00"}')
    assert maintenance("status") == f"closed for maintenance ({tmp_path}/maintenance.json)\n"
    with pytest.raises(doctor.Unwell, match="longer than its page said"):
        doctor.opened()
    (tmp_path / "maintenance.json").write_text("")  # as `touch` leaves it
    assert maintenance("status").startswith("closed for maintenance (")
    for wrong in ("25:00", "soon", "2020-01-01T00:00"):
        with pytest.raises(CommandError):
            maintenance("on", "--until", wrong)
    assert doctor.opened() == "closed for maintenance"
    maintenance("off")
    assert doctor.opened() == "to everybody"
    settings.MAINTENANCE = True
    assert maintenance("status").startswith("closed")
    with pytest.raises(CommandError, match="environment"):
        maintenance("off")


def test_the_pages_for_a_proxy_are_complete_in_themselves(tmp_path, settings):
    settings.UPLOAD_MAX_BYTES = 9 << 20
    call_command("write_error_pages", tmp_path, stdout=io.StringIO())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["413.html", "500.html", "503.html"]
    assert "不能超过 9 MB" in (tmp_path / "413.html").read_text()
    assert all("--ground: #f3f5f4" in file.read_text() for file in tmp_path.iterdir())
