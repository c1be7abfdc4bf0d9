"""The link in the mail to a new account."""

from __future__ import annotations

from typing import Any

from allauth.account.stages import EmailVerificationStage, LoginStageController
from allauth.account.views import ConfirmEmailView
from django.http import Http404, HttpResponse


class ConfirmHere(ConfirmEmailView):
    """In the browser in which the account was just made, opening the link confirms it, and the way goes on.

    Anywhere else it asks first, as allauth does: a program that looks at the links of a mail confirms nothing.
    """

    def get(self, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            confirmation = self.get_object()
        except Http404:
            return super().get(*args, **kwargs)
        stage = LoginStageController.enter(self.request, EmailVerificationStage.key)
        if stage and stage.login.user.pk == confirmation.email_address.user_id:
            return self.post(*args, **kwargs)
        return super().get(*args, **kwargs)
