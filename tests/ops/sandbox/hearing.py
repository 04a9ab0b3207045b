"""A message sent for its callbacks, and how many were heard."""

from tests.ops.sandbox.driving import Sandbox

PHONE = "79990000001"


async def send_one(sandbox: Sandbox, phone: str = PHONE, **form: str) -> None:
    await sandbox.smsc("send", **({"phones": phone, "mes": "Привет", "id": "v-1"} | form))


async def counts(sandbox: Sandbox) -> dict[str, int]:
    return (await sandbox.summary("smsc/demo"))["callbacks"]
