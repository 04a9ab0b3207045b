"""The gateway's whole state, and the one way a message gets into an account's ledger."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ops.sandbox.accounts import Account
from ops.sandbox.books import Call
from ops.sandbox.clock import Clock
from ops.sandbox.config import ConfigError, Family, SandboxConfig
from ops.sandbox.ledger import LONGEST_LIFE, Message
from ops.sandbox.parameters import Parameters, without_secrets
from ops.sandbox.progress import Standing, Timing, standing_of
from ops.sandbox.pushing.addresses import check_target
from ops.sandbox.pushing.events import Incoming
from ops.sandbox.pushing.plans import Plan, Pushes, Stage, plan_incoming, plan_message, plan_own_report
from ops.sandbox.scenarios import DEFAULT, Ending, Fault, Scenario, scenario_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of a known account: its number, when it arrived (monotonic), which call, and what it said."""

    account: Account
    parameters: Parameters
    number: int
    arrived: float
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is to be answered, and what shall go wrong on the way."""

    body: bytes
    content_type: str
    status: int = 200
    fault: Fault = Fault.NONE
    stream: Iterator[bytes] | None = None  # a body too long to be held


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One message of a request that is being accepted. `delay` None: the request's own."""

    phone: str
    text: str
    sender: str
    segments: int
    ending: Ending | None
    refused: bool = False
    kind: int = 0
    reference: str = ""  # its own, where a request does not share one
    delay: float | None = None


class Gateway:
    """Accounts and clock. `reset` brings back the state of the start."""

    def __init__(self, config: SandboxConfig, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.timing = Timing(enroute_after=config.enroute_after, final_after=config.final_after)
        self.accounts: list[Account] = []
        self.pushes = Pushes()
        self._unix_offset = clock.unix() - clock.monotonic()
        self.reset()

    def reset(self) -> None:
        """Forget everything that happened; requests that wait go on in the old world."""
        self.release()
        for account in self.accounts:
            account.retired = True
        self.pushes.forget()
        config = self.config
        self.accounts = [Account(one, config.pushing, any_address=config.any_address) for one in config.accounts]
        self.accepted = 0
        self.strangers: Counter[Call] = Counter()  # requests without valid credentials
        self.requests = 0

    def release(self) -> None:
        """Let all waiting requests go on."""
        for account in self.accounts:
            account.release()

    def by_key(self, family: Family, key: str) -> Account | None:
        """Find the account that owns a key."""
        return next((a for a in self.accounts if a.family is family and a.key and a.key == key), None)

    def by_login(self, family: Family, login: str, secret: str) -> Account | None:
        """Find the account with this login and secret."""
        found = next((a for a in self.accounts if (a.family, a.login) == (family, login)), None)
        return found if found and secret in found.secrets else None

    def unix(self) -> float:
        """Tell the unix time; it never jumps, whatever happens to the host's clock."""
        return self.clock.monotonic() + self._unix_offset

    def visit(self, account: Account, parameters: Parameters, arrived: float, call: Call) -> Visit:
        """Number a request."""
        self.requests += 1
        return Visit(account=account, parameters=parameters, number=self.requests, arrived=arrived, call=call)

    def fate_of(self, phone: str) -> Scenario:
        """Look up what the last digits of a phone bring, unless scenarios are off."""
        return scenario_of(phone) if self.config.scenarios else DEFAULT

    def standing(self, message: Message) -> Standing:
        """Say where a message stands now."""
        return standing_of(message, self.clock.monotonic(), self.timing)

    def accept(
        self,
        visit: Visit,
        items: list[Item],
        reference: str,
        *,
        client_id: str = "",
        delay: float = 0.0,
        valid: float = LONGEST_LIFE,
        callback: str = "",
    ) -> None:
        """Put the messages of one request into the account's ledger.

        `valid` is seconds from when they leave; `callback` is their own address (v3).
        """
        account, parameters = visit.account, without_secrets(visit.parameters)
        now, unix = self.clock.monotonic(), self.unix()
        account.books.accepted_send(visit.arrived)
        for item in items:
            self.accepted += not item.refused
            message = Message(
                number=self.accepted,
                family=account.family,
                login=account.login,
                client_id=client_id,
                provider_id=item.reference or reference,
                phone=item.phone,
                text=item.text,
                sender=item.sender,
                segments=item.segments,
                received_at=now,
                received_unix=unix,
                delay=delay if item.delay is None else item.delay,
                valid=valid,
                request=visit.number,
                parameters=parameters,
                ending=item.ending,
                refused=item.refused,
                kind=item.kind,
            )
            self._write_down(account, message, callback)

    def _write_down(self, account: Account, message: Message, callback: str) -> None:
        if message.refused:
            account.ledger.add_refused(message)
            return
        account.ledger.add(message)
        if account.family is Family.RESTV2:
            account.reports.expect(message, self.timing)
            if callback:
                self._expect_own_report(account, message, callback)
        elif account.handler:
            self.pushes.expect(plan_message(account, message, self.timing))

    def _expect_own_report(self, account: Account, message: Message, callback: str) -> None:
        try:
            check_target(callback, any_address=self.config.any_address)
        except ConfigError:
            account.books.callbacks["refused"] += 1
            return
        plan = plan_own_report(account, message, self.timing, callback)
        if plan is not None:
            self.pushes.expect(plan)

    def hear(
        self, account: Account, phone: str, text: str, to: str, *, ago: float = 0.0, is_call: bool = False
    ) -> int:
        """Keep an incoming message (or call), tell the account's handler about it, and give its id."""
        now = self.unix()
        own = account.inbox.next_id
        message = Incoming(id=own, phone=phone, text=text, to=to, received=now, sent=now - ago, is_call=is_call)
        account.inbox.add(message)
        if account.handler:
            self.pushes.expect(plan_incoming(account, message, self.clock.monotonic()))
        return own

    def await_call(self, account: Account, phone: str, number: str) -> None:
        """Wait for a subscriber's call; with `call_after` it is made by itself."""
        now = self.clock.monotonic()
        account.cabinet.await_call(phone, number, now)
        if self.config.call_after:
            due = now + self.config.call_after
            self.pushes.expect(Plan(account=account, subject=phone, steps=[(due, Stage.RING)]))

    def ring(self, account: Account, phone: str) -> int | None:
        """Let a subscriber make the call that is waited for; None when it is not (any more, A9: 15 minutes)."""
        number = account.cabinet.answer_call(phone, self.clock.monotonic())
        if number is None:
            return None
        return self.hear(account, phone, f"[waitcall] {number}", number, is_call=True)
