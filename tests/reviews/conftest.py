from tests.cast import cast, published  # noqa: F401
