"""The two-stage flow of ``two_stage.toml`` in django-viewflow, as its documentation builds one."""
