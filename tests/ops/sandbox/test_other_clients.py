"""Clients written by others, unchanged but for their base address, against the sandbox over real HTTP.

They are no dependencies of ours. A folder with them is named by `VOLLEY_OTHER_CLIENTS`:

    pip install --target $VOLLEY_OTHER_CLIENTS/python smsc
    npm install --prefix $VOLLEY_OTHER_CLIENTS/node node-smsc
"""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.ops.sandbox.driving import Sandbox

FOLDER = Path(os.environ.get("VOLLEY_OTHER_CLIENTS") or "/nowhere")
PHONE = "79990000001"

# PyPI smsc 0.1.1: the base address is the class attribute `_url`
PYTHON = """
import json, sys
sys.path.append(sys.argv[2])  # last: it needs the PyPI package "typing", which must not hide Python's own
from smsc import SMSC, SMSMessage, FlashMessage
SMSC._url = sys.argv[1] + "/sys/"
client = SMSC(login="demo", password="demo-secret")
sent = client.send(to=["79990000001", "79990000002"], message=SMSMessage(text="Привет", maxsms=1))
cost = client.get_cost(to="79990000001", message=SMSMessage(text="Привет"))
flash = client.send(to="79990000001", message=FlashMessage(text="flash"))
(status,) = client.get_status(to="79990000001", msg_id=str(sent.message_id))
balance = client.get_balance()
stranger = SMSC(login="demo", password="wrong").get_balance()
print(json.dumps([sent.message_id, sent.count, sent.cost, cost.cost, flash.message_id, status.status.status_id,
    status.status.name, status.data["message"], status.data["last_date"].isoformat(), balance.balance,
    balance.currency, stranger.error.code]))
"""

# npm node-smsc 0.2.3: the base address is the option `request`; it sends the password's MD5
NODE = """
const smsc = require(process.argv[2])({login: "demo", password: "demo-secret", request: process.argv[3] + "/sys/"})
async function main() {
  const sent = await smsc.send({phones: "79990000001", mes: "Привет", cost: 3, id: "n-1"})
  const status = await smsc.status({phone: "79990000001", id: "n-1"})
  const missing = await smsc.get({get_messages: 1, phone: "79990000009"})
  const history = await smsc.get({get_messages: 1})
  const added = await smsc.templates({add: 1, name: "a", msg: "b"})
  const deleted = await smsc.templates({del: 1, id: added.id})
  const operator = await smsc.info({get_operator: 1, phone: "77010000001"})
  const numbers = await smsc.receive_phones({get: 1})
  const balance = await smsc.balance()
  const twice = await smsc.send({phones: "79990000001", mes: "Привет", cost: 3, id: "n-1"}).catch(e => e.message)
  console.log(JSON.stringify([sent.id, sent.cost, status.status, missing, history[0].message, added.id,
    deleted.result, operator.operator, numbers.length, balance.balance, twice]))
}
main()
"""


async def _run(*command: str) -> Any:
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    out, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, errors.decode()
    return orjson.loads(out)


async def test_the_python_client_smsc_works_unchanged(sandbox: Sandbox) -> None:
    if not (FOLDER / "python" / "smsc").is_dir():
        pytest.skip("PyPI smsc is not in VOLLEY_OTHER_CLIENTS")
    told = await _run(sys.executable, "-c", PYTHON, sandbox.url, str(FOLDER / "python"))

    told[7] = told[7].encode("cp1251").decode()  # it believes the recorded header, which says windows-1251
    moscow = "2026-11-18T14:06:40+03:00"
    assert told[:6] == [1, 2, 2.88, 1.44, 2, -1]
    assert told[6:] == ["Waiting to be sent", "Привет", moscow, 9999995.68, "RUR", 2]
    assert [(row["text"], row["kind"]) for row in await sandbox.messages(phone=PHONE)] == [
        ("Привет", 0),
        ("flash", 1),
    ]


async def test_the_node_client_node_smsc_works_unchanged(sandbox: Sandbox) -> None:
    package, node = FOLDER / "node" / "node_modules" / "node-smsc", shutil.which("node")
    if node is None or not package.is_dir():
        pytest.skip("npm node-smsc is not in VOLLEY_OTHER_CLIENTS")
    told = await _run(node, "-e", NODE, "-", str(package), sandbox.url)

    assert told[:5] == ["n-1", "1.44", -1, [], "Привет"]
    assert told[5:10] == [1, "OK", "Кселл", 3, "9999998.56"]
    assert told[10] == "duplicate request, wait a minute (9)"
