"""Make an application in each state in the portal of this environment, and print where they are: JSON, name to address.

``python -m tests.journeys.states``, beside a running portal. Also printed: ``session`` and ``newcomer``, the cookies of
somebody who is signed in, with all of these and with nothing at all.
"""

from __future__ import annotations

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.journeys.settings")


def main() -> None:
    django.setup()
    from permits.models import Application, Permit, User
    from portal import demo
    from reviews import workflow
    from reviews.models import Notice, Task
    from tests.journeys import rare_states
    from tests.journeys.rare_states import cookie

    people = demo.ensure_cast()
    owner = people["owner"]
    enterprise = demo.enterprise_of(owner, demo.RECORD)

    def filed(until: str) -> Application:
        application = demo.draft(owner, enterprise, demo.answers_for(enterprise, first_batch=120))
        demo.carry_through(application, people, until=until, say=lambda line: None)
        return application

    draft = demo.draft(owner, enterprise, demo.answers_for(enterprise, first_batch=120))
    empty = Application.objects.create(version=draft.version, enterprise=enterprise, applicant=owner)
    sent, reviewed, approved, asked = (filed(until) for until in ("submitted", "precheck", "decision", "submitted"))
    task = Task.objects.open().get(application=asked)
    workflow.claim(task.pk, official=people["street"])
    corrections = [
        workflow.Correction("field", "masks", "口罩数量与照片不符，请核对"),
        workflow.Correction("material", "signed_pledge", "承诺书未盖章，请重新上传"),
    ]
    workflow.decide(task.pk, official=people["street"], outcome="correct", corrections=corrections)
    newcomer = User.objects.create_user("newcomer@demo.invalid", demo.PASSWORD, name="新来者")
    permit = Permit.objects.filter(application=approved).first()

    where = {
        "draft": draft, "empty": empty, "sent": sent, "reviewed": reviewed, "approved": approved, "asked": asked,
    }  # fmt: skip
    found = {name: f"/applications/{each.public_id}/" for name, each in where.items()}
    found["permit"] = f"/verify/{permit.number}/" if permit else ""
    found["enterprise"] = f"/enterprises/{enterprise.public_id}/"
    found["notice"] = f"/inbox/{Notice.objects.filter(recipient=owner, channel='inbox').latest('pk').pk}/"
    found |= {"session": cookie(owner), "newcomer": cookie(newcomer)}
    found |= rare_states.applications(people, enterprise) | rare_states.permits(people, enterprise)
    found |= (
        rare_states.enterprises(people, enterprise)
        | rare_states.accounts(people)
        | rare_states.desk(people, enterprise)
    )
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
