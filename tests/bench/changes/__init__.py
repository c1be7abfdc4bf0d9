"""The same change of a row, on record in three ways: the audit log's, django-auditlog's, django-simple-history's."""
