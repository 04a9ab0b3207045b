"""The gateway's whole state, and the one way a message gets into an account's ledger."""

from collections import Counter
from dataclasses import dataclass

from ops.sandbox.accounts import Account
from ops.sandbox.books import Call
from ops.sandbox.clock import Clock
from ops.sandbox.config import Family, SandboxConfig
from ops.sandbox.ledger import Message
from ops.sandbox.parameters import Parameters, without_secrets
from ops.sandbox.progress import Standing, Timing, standing_of
from ops.sandbox.scenarios import DEFAULT, Ending, Fault, Scenario, scenario_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of a known account: its number, when it arrived (monotonic), and what it said."""

    account: Account
    parameters: Parameters
    number: int
    arrived: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is to be answered, and what shall go wrong on the way."""

    body: bytes
    content_type: str
    status: int = 200
    fault: Fault = Fault.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One message of a request that is being accepted."""

    phone: str
    text: str
    sender: str
    segments: int
    ending: Ending | None
    refused: bool = False


class Gateway:
    """Accounts and clock. `reset` brings back the state of the start."""

    def __init__(self, config: SandboxConfig, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.timing = Timing(enroute_after=config.enroute_after, final_after=config.final_after)
        self.accounts: list[Account] = []
        self._unix_offset = clock.unix() - clock.monotonic()
        self.reset()

    def reset(self) -> None:
        """Forget everything that happened; requests that wait go on in the old world."""
        self.release()
        self.accounts = [Account(config) for config in self.config.accounts]
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
        wanted = (family, login, secret)
        return next((a for a in self.accounts if (a.family, a.login, a.secret) == wanted), None)

    def unix(self) -> float:
        """Tell the unix time; it never jumps, whatever happens to the host's clock."""
        return self.clock.monotonic() + self._unix_offset

    def visit(self, account: Account, parameters: Parameters, arrived: float) -> Visit:
        """Number a request."""
        self.requests += 1
        return Visit(account=account, parameters=parameters, number=self.requests, arrived=arrived)

    def fate_of(self, phone: str) -> Scenario:
        """Look up what the last digits of a phone bring, unless scenarios are off."""
        return scenario_of(phone) if self.config.scenarios else DEFAULT

    def standing(self, message: Message) -> Standing:
        """Say where a message stands now."""
        return standing_of(message, self.clock.monotonic(), self.timing)

    def accept(
        self, visit: Visit, items: list[Item], reference: str, *, client_id: str = "", delay: float = 0.0
    ) -> None:
        """Put the messages of one request into the account's ledger."""
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
                provider_id=reference,
                phone=item.phone,
                text=item.text,
                sender=item.sender,
                segments=item.segments,
                received_at=now,
                received_unix=unix,
                delay=delay,
                request=visit.number,
                parameters=parameters,
                ending=item.ending,
                refused=item.refused,
            )
            self._write_down(account, message)

    def _write_down(self, account: Account, message: Message) -> None:
        if message.refused:
            account.ledger.add_refused(message)
            return
        account.ledger.add(message)
        if account.family is Family.RESTV2:
            account.reports.expect(message, self.timing)
