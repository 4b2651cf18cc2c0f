"""A student dormitory: one address without a room number, one network, dozens of young accounts."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY
from safeconduct.demo.builder import DECOY, WorldBuilder
from safeconduct.demo.life import ordinary_life
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import neighbour_ip, new_ip
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "dormitory"
DESCRIPTION = "Forty students, one delivery address, accounts opened at the start of term"

ADDRESS = "武汉市洪山区学府路18号学生公寓3栋, 430070"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    ip = new_ip(rng, "CN")
    b.label_entity(Kind.ADDRESS, ADDRESS, NAME, DECOY, Action.ALLOW, severity=Severity.NONE)
    for _ in range(b.scaled(40, least=8)):
        opened = b.moment(rng, 58, 80)
        student = b.newcomer(rng, "CN", opened)
        student.addresses = [ADDRESS]
        for _ in range(rng.randint(1, 4)):
            at = opened + int(rng.uniform(0.05, 60) * DAY)
            order = b.draft(rng, student, b.any_seller(rng, at), at)
            order.address, order.ip, order.ip_country = ADDRESS, neighbour_ip(rng, ip), "CN"
            ordinary_life(b, rng, order)
            b.label_decoy(order, NAME)
