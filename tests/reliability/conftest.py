from tests.support_fixtures import provider, quick_sandbox_url, system

__all__ = ["provider", "quick_sandbox_url", "system"]
