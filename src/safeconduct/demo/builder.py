"""The world while it is being made: what has been recorded so far, and the verbs that record more.

Attacks and decoys get this object. They take people out of the crowd (`reserve_buyers`), let orders happen (`sell`,
`ship`, `dispute` in `safeconduct.demo.life`), and write down what they did (`label_*`). A record after the world's end
is kept, but belongs to the future: nobody in the world knows it yet.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from safeconduct.demo.almanac import DAY, START
from safeconduct.demo.complaints import Channel, EarlierPayments, Fault, Grievance
from safeconduct.demo.orders import Order, draft
from safeconduct.demo.parameters import Parameters, Shift
from safeconduct.demo.people import Buyer, Seller, new_buyer
from safeconduct.demo.population import buyers, sellers
from safeconduct.demo.rendering import Data, Record
from safeconduct.demo.steps import Step
from safeconduct.demo.truth import Action, Kind, Look, Mark, Severity

DECOY = "decoy"


class WorldBuilder:
    """Collects the records and labels of one world."""

    def __init__(self, parameters: Parameters, shops: list[Seller], crowd: list[Buyer], weights: list[float]) -> None:
        self.parameters = parameters
        self.shift: Shift = parameters.tuning
        self.sellers = shops
        self.buyers, self.buyer_weights = crowd, weights
        self.newcomers: list[Buyer] = []
        self.records: list[Record] = []
        self.marks: list[Mark] = []
        self.grievances: list[Grievance] = []
        self.steps: list[Step] = []
        self.looks: list[Look] = []
        self.fresh_devices: set[str] = set()
        self.strike: tuple[str, int, int] | None = None
        self.orders_placed = 0
        self._used: set[int] = set()
        self._reserved: set[int] = set()
        self._booked: set[str] = set()

    @classmethod
    def populated(cls, parameters: Parameters) -> WorldBuilder:
        """An empty log over a fresh population."""
        return cls(parameters, sellers(parameters), *buyers(parameters))

    def continued(self) -> WorldBuilder:
        """An empty log over the same people, for what comes after the world's end."""
        return WorldBuilder(self.parameters, self.sellers, self.buyers, self.buyer_weights)

    def close(self) -> None:
        """No more records: forget which microseconds are taken, which is a good part of the memory."""
        self._used.clear()

    def take_records(self) -> list[Record]:
        """Hand over what was recorded, and forget it together with the labels and newcomers."""
        taken, self.records = self.records, []
        self.marks.clear()
        self.grievances.clear()
        self.newcomers.clear()
        self._used.clear()
        return taken

    # -- recording -----------------------------------------------------------------------------------------------

    def record(self, type_: str, at: int, order: Order | None = None, extra: Data | None = None) -> int:
        """Record an event and answer its number. No two events share a microsecond: a later comer gives way."""
        if at < START:
            at = START
        used = self._used
        while at in used:
            at += 1
        used.add(at)
        number = len(self.records)
        self.records.append((at, number, type_, order, extra))
        return number

    def time_of(self, number: int) -> int:
        return self.records[number][0]

    # -- choosing people and shops --------------------------------------------------------------------------------

    def scaled(self, full: int, least: int = 1) -> int:
        return self.parameters.scaled(full, least)

    def spread(self, full: int, least: int = 1) -> int:
        """How many devices, addresses or people something spreads over: as `scaled`, times the shift's factor."""
        return max(least, round(self.parameters.scaled(full, least) * self.shift.devices))

    def span(self, micros: float) -> int:
        """How long an attack takes under this shift."""
        return int(micros * self.shift.tempo)

    def reserve_buyers(self, rng: Random, count: int, where: Callable[[Buyer], bool] = lambda _: True) -> list[Buyer]:
        """Take buyers out of the crowd: the background gives them no orders. Fewer come where the crowd is small."""
        free = [i for i, buyer in enumerate(self.buyers) if i not in self._reserved and where(buyer)]
        chosen = sorted(rng.sample(free, k=min(count, len(free))))
        self._reserved.update(chosen)
        for i in chosen:
            self.buyer_weights[i] = 0.0
        found = [self.buyers[i] for i in chosen]
        rng.shuffle(found)
        return found

    def newcomer(self, rng: Random, country: str, registered_at: int, *, disposable: bool = False) -> Buyer:
        """A buyer who is in nobody's plan but the caller's."""
        buyer = new_buyer(rng, country, max(registered_at, 0), disposable=disposable)
        self.newcomers.append(buyer)
        return buyer

    def open_sellers(self, at: int, where: Callable[[Seller], bool] = lambda _: True) -> list[Seller]:
        """Shops that were open before an instant and not booked by another attack."""
        return [s for s in self.sellers if s.registered_at < at and s.id not in self._booked and where(s)]

    def book_seller(self, seller: Seller) -> Seller:
        """Let no other attack or decoy use this shop for a part of its own."""
        self._booked.add(seller.id)
        return seller

    def victims(self, rng: Random, count: int, at: int) -> list[Seller]:
        """Shops an attacker picks, large ones more often, each once."""
        pool = self.open_sellers(at)
        found: list[Seller] = []
        while len(found) < min(count, len(pool)):
            seller = rng.choices(pool, [s.weight for s in pool])[0]
            if seller not in found:
                found.append(seller)
        return found

    def any_seller(self, rng: Random, at: int) -> Seller:
        return self.victims(rng, 1, at)[0]

    def draft(self, rng: Random, buyer: Buyer, seller: Seller, at: int) -> Order:
        """An ordinary order, not yet placed."""
        return draft(rng, buyer, seller, at)

    def moment(self, rng: Random, first_day: float = 3, last_day: float = 140) -> int:
        """A random instant between two days of the world."""
        return START + int(rng.uniform(first_day, last_day) * DAY)

    # -- what really happened ----------------------------------------------------------------------------------------

    def label_order(
        self, order: Order, attack: str, role: str, expected: Action, *, severity: Severity = Severity.HIGH,
        incident: int = 0, at_risk_minor: int | None = None,
    ) -> None:  # fmt: skip
        """Label an order. What is at risk is its amount, unless said otherwise."""
        amount = order.amount_minor if at_risk_minor is None else at_risk_minor
        self.marks.append(Mark(Kind.ORDER, order, attack, role, incident, severity, expected, amount))

    def label_event(
        self, number: int, attack: str, role: str, expected: Action, *, severity: Severity = Severity.HIGH,
        incident: int = 0, amount_minor: int = 0,
    ) -> None:  # fmt: skip
        self.marks.append(Mark(Kind.EVENT, number, attack, role, incident, severity, expected, amount_minor))

    def label_act(
        self, number: int, attack: str, role: str, expected: Action, *, severity: Severity, incident: int
    ) -> None:  # fmt: skip
        """Label a sensitive act of a seller's member."""
        self.marks.append(Mark(Kind.ACT, number, attack, role, incident, severity, expected, 0))

    def look(self, look: Look, attack: str, role: str, expected: Action) -> None:
        """Let somebody of the marketplace's staff read about a shop's buyers, and label it."""
        self.looks.append(look)
        self.marks.append(Mark(Kind.READING, look, attack, role, 0, Severity.MEDIUM, expected, 0))

    def label_entity(
        self, kind: Kind, entity: Buyer | Seller | str, attack: str, role: str, expected: Action, *,
        severity: Severity = Severity.HIGH, incident: int = 0,
    ) -> None:  # fmt: skip
        """Label a buyer, seller, address, device or IP. It starts and ends with the labelled orders around it."""
        self.marks.append(Mark(kind, entity, attack, role, incident, severity, expected, 0))

    def label_decoy(self, order: Order, decoy: str, incident: int = 0) -> None:
        """Write down that this order is honest, however it looks."""
        self.label_order(order, decoy, DECOY, Action.ALLOW, severity=Severity.NONE, incident=incident)

    def complain(
        self, order: Order, at: int, channel: Channel, fault: Fault, cause: str, *, incident: int = 0,
        opens: str = "", earlier: EarlierPayments | None = None, paid: bool = False,
    ) -> None:  # fmt: skip
        """Write down what a complaint truly was."""
        self.grievances.append(Grievance(order, at, channel, fault, cause, incident, opens, earlier, paid))
