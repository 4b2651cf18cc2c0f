"""The words in which policies are explained, in each shipped language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babel.core import Locale, UnknownLocaleError

from safeconduct.foundation.policy.nodes import Action, CompareOp, Measure


@dataclass(frozen=True, slots=True)
class Words:
    """Frame sentences and connecting words of one language. Braces are filled by `str.format`."""

    actions: Mapping[Action, str]
    person_challenged: str
    rule: str
    rule_unknown: str
    decides: str
    spared: str
    on_failure: str
    compare: Mapping[CompareOp, str]
    between: str
    both: str
    either: str
    grouped: str
    negated: str
    unsure: str
    not_excluded: str
    is_one_of: str
    is_not_one_of: str
    and_more: str
    on_list: str
    off_list: str
    not_surely_listed: str
    known: str
    unknown: str
    true: str
    false: str
    not_true: str
    not_false: str
    same: str
    different: str
    yes: str
    no: str
    now: str
    measures: Mapping[Measure, str]
    events: str
    same_key: str
    other_key: str
    window: str
    window_one: Mapping[str, str]
    units: Mapping[str, str]
    unit_one: Mapping[str, str]
    where: str
    including: str
    ratio: str
    the: str
    field: str
    feature: str
    within: str
    score: str
    unnamed_value: str
    not_checked: str
    would: Mapping[Action, str]
    if_below: str
    if_at_most: str
    if_at_least: str
    if_between: str
    if_equal: str
    if_other: str
    if_listed: str
    if_not_listed: str
    case: str
    case_else: str
    coalesce: str
    since: str
    least: str
    greatest: str
    withheld: str
    category: str
    categories: Mapping[str, str]

    def fill(self, template: str, **values: Any) -> str:
        """A template of these words, filled."""
        return template.format(**values)


_EN = Words(
    actions={
        Action.ALLOW: "it is allowed",
        Action.CHALLENGE: "the buyer is asked to prove who they are",
        Action.REVIEW: "a person looks at it first",
        Action.BLOCK: "it is stopped",
    },
    person_challenged="the person is asked to prove who they are",
    rule="If {condition}, {action}.",
    rule_unknown=" If that cannot be known, {action}.",
    decides="This policy decides: {events}.",
    spared="Who is on the list “{list}” (by {field}) is spared by the rules marked so.",
    on_failure="If the decision cannot be made in {budget_ms} milliseconds, {action}.",
    compare={
        CompareOp.EQ: "{left} is {right}",
        CompareOp.NE: "{left} is not {right}",
        CompareOp.LT: "{left} is less than {right}",
        CompareOp.LE: "{left} is at most {right}",
        CompareOp.GT: "{left} is more than {right}",
        CompareOp.GE: "{left} is at least {right}",
    },
    between="{item} is between {low} and {high}",
    both=" and ",
    either=" or ",
    grouped="({item})",
    negated="it is not so that {item}",
    unsure="it is not certain that {item}",
    not_excluded="it is not ruled out that {item}",
    is_one_of="{item} is one of {values}",
    is_not_one_of="{item} is none of {values}",
    and_more="{values} and {count} more",
    on_list="{item} is on the list “{list}”",
    off_list="{item} is not on the list “{list}”",
    not_surely_listed="{item} is not known to be on the list “{list}”",
    known="{item} is known",
    unknown="{item} is not known",
    true="{item} is true",
    false="{item} is false",
    not_true="{item} is not true",
    not_false="{item} is not false",
    same="{left} is the same as {right}",
    different="{left} differs from {right}",
    yes="yes",
    no="no",
    now="the time of the event",
    measures={
        Measure.COUNT: "number of {events} {key} {window}",
        Measure.SUM: "total {value} of {events} {key} {window}",
        Measure.AVG: "average {value} of {events} {key} {window}",
        Measure.MIN: "lowest {value} of {events} {key} {window}",
        Measure.MAX: "highest {value} of {events} {key} {window}",
        Measure.DISTINCT: "number of different {values} in {events} {key} {window}",
        Measure.FIRST_SEEN: "time of the first of {events} {key} {window}",
        Measure.LAST_SEEN: "time of the last of {events} {key} {window}",
    },
    events="“{events}” events",
    same_key="with this {by}",
    other_key="whose {match} is this {by}",
    window="in the {length} before",
    window_one={
        "second": "in the second before",
        "minute": "in the minute before",
        "hour": "in the hour before",
        "day": "in the day before",
    },
    units={"second": "{n} seconds", "minute": "{n} minutes", "hour": "{n} hours", "day": "{n} days"},
    unit_one={"second": "1 second", "minute": "1 minute", "hour": "1 hour", "day": "1 day"},
    where=", counting only those where {condition}",
    including=", this one included",
    ratio="{above} divided by the {below}",
    the="the {name}",
    field="{name}",
    feature="“{name}”",
    within="{name} ({length})",
    score="score of the model “{model}”",
    unnamed_value="unknown",
    not_checked="A check could not be made, because this is not known: {names}.",
    would={
        Action.ALLOW: "It would be allowed",
        Action.CHALLENGE: "It would only need proof of identity",
        Action.REVIEW: "It would only be looked at by a person",
        Action.BLOCK: "It would be stopped",
    },
    if_below="{would} if the {what} were less than {high} (it is {value}).",
    if_at_most="{would} if the {what} were at most {high} (it is {value}).",
    if_at_least="{would} if the {what} were at least {low} (it is {value}).",
    if_between="{would} if the {what} were between {low} and {high} (it is {value}).",
    if_equal="{would} if the {what} were {low} (it is {value}).",
    if_other="{would} if the {what} were anything other than {values} (it is {value}).",
    if_listed="{would} if the {what} were on the list “{list}”.",
    if_not_listed="{would} if the {what} were not on the list “{list}”.",
    case="{result} if {condition}",
    case_else="otherwise {result}",
    coalesce="{first} (taken as {second} where it is not known)",
    since="the time since {item}",
    least="the smallest of ({items})",
    greatest="the largest of ({items})",
    withheld="There is a reason that we do not describe, because a thief could use it. You can appeal.",
    category="Our checks found {category}.",
    categories={
        "access": "signs that somebody else may be using the account",
        "account-takeover": "signs that the buyer's account is in other hands",
        "card-testing": "signs of card testing",
        "combination": "several small signs together",
        "delivery-address": "something unusual about the delivery address",
        "deny-list": "an entry on the marketplace's list of what it refuses",
        "dispute-history": "earlier disputes with the bank",
        "double-claim": "the same money asked for twice",
        "geography": "places that do not fit together",
        "links": "ties to other accounts",
        "model": "a pattern known from earlier fraud",
        "new-accounts": "unusually many new accounts",
        "not-received": "a parcel that the carrier says was delivered",
        "payment-checks": "checks of the payment that failed",
        "refund-abuse": "a pattern of refunds",
        "refund-only": "money asked back again without returning the goods",
        "return-pattern": "unusually many returns",
        "ring": "several buyers who ask for refunds together",
        "risk": "signs of risk",
        "seller-activity": "unusual activity of the shop",
        "stored-value": "stored value bought by a stranger",
        "swap": "signs that other goods came back than were sent",
        "triangulation": "cards and recipients that do not belong together",
        "velocity": "unusually many orders in a short time",
    },
)

_ZH = Words(
    actions={
        Action.ALLOW: "予以放行",
        Action.CHALLENGE: "要求买家验证身份",
        Action.REVIEW: "先由人工审核",
        Action.BLOCK: "予以拦截",
    },
    person_challenged="要求其本人验证身份",
    rule="如果{condition}，则{action}。",
    rule_unknown="如果无法得知，则{action}。",
    decides="本策略决定以下事件：{events}。",
    spared="名单“{list}”中的对象（按 {field}）不受标明可豁免的规则影响。",
    on_failure="如果在 {budget_ms} 毫秒内无法作出决定，则{action}。",
    compare={
        CompareOp.EQ: "{left}等于 {right}",
        CompareOp.NE: "{left}不等于 {right}",
        CompareOp.LT: "{left}小于 {right}",
        CompareOp.LE: "{left}不超过 {right}",
        CompareOp.GT: "{left}大于 {right}",
        CompareOp.GE: "{left}不少于 {right}",
    },
    between="{item}在 {low} 与 {high} 之间",
    both="，并且",
    either="，或者",
    grouped="（{item}）",
    negated="并非“{item}”",
    unsure="不能确定“{item}”",
    not_excluded="不能排除“{item}”",
    is_one_of="{item}是 {values} 之一",
    is_not_one_of="{item}不是 {values} 中的任何一个",
    and_more="{values} 等另外 {count} 个",
    on_list="{item}在名单“{list}”中",
    off_list="{item}不在名单“{list}”中",
    not_surely_listed="不能确定{item}在名单“{list}”中",
    known="{item}已知",
    unknown="{item}未知",
    true="{item}为真",
    false="{item}为假",
    not_true="{item}不为真",
    not_false="{item}不为假",
    same="{left}与{right}相同",
    different="{left}与{right}不同",
    yes="是",
    no="否",
    now="事件发生时间",
    measures={
        Measure.COUNT: "{window}{key}的{events}的数量",
        Measure.SUM: "{window}{key}的{events}的 {value} 总和",
        Measure.AVG: "{window}{key}的{events}的 {value} 平均值",
        Measure.MIN: "{window}{key}的{events}的 {value} 最小值",
        Measure.MAX: "{window}{key}的{events}的 {value} 最大值",
        Measure.DISTINCT: "{window}{key}的{events}中不同 {value} 的数量",
        Measure.FIRST_SEEN: "{window}{key}的首个{events}的时间",
        Measure.LAST_SEEN: "{window}{key}的最近一个{events}的时间",
    },
    events="“{events}”事件",
    same_key="同一 {by} ",
    other_key=" {match} 等于本次 {by} ",
    window="此前{length}内",
    window_one={"second": "此前1秒内", "minute": "此前1分钟内", "hour": "此前1小时内", "day": "此前1天内"},
    units={"second": "{n}秒", "minute": "{n}分钟", "hour": "{n}小时", "day": "{n}天"},
    unit_one={"second": "1秒", "minute": "1分钟", "hour": "1小时", "day": "1天"},
    where="（仅计{condition}者）",
    including="（含本次）",
    ratio="{above}除以{below}",
    the="{name}",
    field=" {name} ",
    feature="“{name}”",
    within="{name}（{length}）",
    score="模型“{model}”的评分",
    unnamed_value="未知",
    not_checked="有一项检查无法进行，因为以下信息未知：{names}。",
    would={
        Action.ALLOW: "将会放行",
        Action.CHALLENGE: "将只需验证身份",
        Action.REVIEW: "将只需人工审核",
        Action.BLOCK: "将会拦截",
    },
    if_below="如果{what}小于 {high}（目前为 {value}），{would}。",
    if_at_most="如果{what}不超过 {high}（目前为 {value}），{would}。",
    if_at_least="如果{what}不少于 {low}（目前为 {value}），{would}。",
    if_between="如果{what}在 {low} 与 {high} 之间（目前为 {value}），{would}。",
    if_equal="如果{what}为 {low}（目前为 {value}），{would}。",
    if_other="如果{what}不是 {values}（目前为 {value}），{would}。",
    if_listed="如果{what}在名单“{list}”中，{would}。",
    if_not_listed="如果{what}不在名单“{list}”中，{would}。",
    case="当{condition}时为 {result}",
    case_else="否则为 {result}",
    coalesce="{first}（未知时取 {second}）",
    since="自{item}以来的时间",
    least="（{items}）中的最小值",
    greatest="（{items}）中的最大值",
    withheld="存在一项原因，为防止被不法分子利用而不予说明。您可以申诉。",
    category="检查发现：{category}。",
    categories={
        "access": "可能有他人正在使用该账户的迹象",
        "account-takeover": "买家账户可能被他人使用的迹象",
        "card-testing": "盗卡试刷的迹象",
        "combination": "多个轻微迹象同时出现",
        "delivery-address": "收货地址有异常",
        "deny-list": "命中平台的拒绝名单",
        "dispute-history": "此前有银行争议",
        "double-claim": "同一笔款项被要求退还两次",
        "geography": "地点互不相符",
        "links": "与其他账户有关联",
        "model": "与以往欺诈相似的模式",
        "new-accounts": "新账户异常集中",
        "not-received": "承运商记录显示包裹已送达",
        "payment-checks": "支付校验未通过",
        "refund-abuse": "异常的退款模式",
        "refund-only": "再次要求退款而不退货",
        "return-pattern": "退货异常频繁",
        "ring": "多名买家联合申请退款",
        "risk": "风险迹象",
        "seller-activity": "店铺活动异常",
        "stored-value": "陌生账户购买储值商品",
        "swap": "退回的商品可能不是寄出的商品",
        "triangulation": "支付卡与收件人不相符",
        "velocity": "短时间内订单异常多",
    },
)

_ES = Words(
    actions={
        Action.ALLOW: "se permite",
        Action.CHALLENGE: "se pide al comprador que demuestre quién es",
        Action.REVIEW: "lo mira antes una persona",
        Action.BLOCK: "se detiene",
    },
    person_challenged="se pide a la persona que demuestre quién es",
    rule="Si {condition}, {action}.",
    rule_unknown=" Si no se puede saber, {action}.",
    decides="Esta política decide: {events}.",
    spared="Quien está en la lista «{list}» (por {field}) queda exento de las reglas así marcadas.",
    on_failure="Si no se puede decidir en {budget_ms} milisegundos, {action}.",
    compare={
        CompareOp.EQ: "{left} es {right}",
        CompareOp.NE: "{left} no es {right}",
        CompareOp.LT: "{left} es menor que {right}",
        CompareOp.LE: "{left} es como máximo {right}",
        CompareOp.GT: "{left} es mayor que {right}",
        CompareOp.GE: "{left} es al menos {right}",
    },
    between="{item} está entre {low} y {high}",
    both=" y ",
    either=" o ",
    grouped="({item})",
    negated="no se cumple ({item})",
    unsure="no consta ({item})",
    not_excluded="no se descarta ({item})",
    is_one_of="{item} es uno de {values}",
    is_not_one_of="{item} no es ninguno de {values}",
    and_more="{values} y {count} más",
    on_list="{item} está en la lista «{list}»",
    off_list="{item} no está en la lista «{list}»",
    not_surely_listed="no consta que {item} esté en la lista «{list}»",
    known="se conoce {item}",
    unknown="no se conoce {item}",
    true="{item} es cierto",
    false="{item} es falso",
    not_true="{item} no es cierto",
    not_false="{item} no es falso",
    same="{left} es igual que {right}",
    different="{left} difiere de {right}",
    yes="sí",
    no="no",
    now="la hora del evento",
    measures={
        Measure.COUNT: "el número de {events} {key} {window}",
        Measure.SUM: "el total de {value} de {events} {key} {window}",
        Measure.AVG: "el promedio de {value} de {events} {key} {window}",
        Measure.MIN: "el mínimo de {value} de {events} {key} {window}",
        Measure.MAX: "el máximo de {value} de {events} {key} {window}",
        Measure.DISTINCT: "el número de valores distintos de {value} en {events} {key} {window}",
        Measure.FIRST_SEEN: "la hora del primero de {events} {key} {window}",
        Measure.LAST_SEEN: "la hora del último de {events} {key} {window}",
    },
    events="eventos «{events}»",
    same_key="con el mismo {by}",
    other_key="cuyo {match} es este {by}",
    window="en los {length} anteriores",
    window_one={
        "second": "en el segundo anterior",
        "minute": "en el minuto anterior",
        "hour": "en la hora anterior",
        "day": "en el día anterior",
    },
    units={"second": "{n} segundos", "minute": "{n} minutos", "hour": "{n} horas", "day": "{n} días"},
    unit_one={"second": "1 segundo", "minute": "1 minuto", "hour": "1 hora", "day": "1 día"},
    where=", contando solo cuando {condition}",
    including=", este incluido",
    ratio="{above} dividido por {below}",
    the="{name}",
    field="«{name}»",
    feature="«{name}»",
    within="{name} ({length})",
    score="la puntuación del modelo «{model}»",
    unnamed_value="desconocido",
    not_checked="No se pudo hacer una comprobación, porque no se conoce: {names}.",
    would={
        Action.ALLOW: "Se permitiría",
        Action.CHALLENGE: "Solo se pediría demostrar la identidad",
        Action.REVIEW: "Solo lo miraría una persona",
        Action.BLOCK: "Se detendría",
    },
    if_below="{would} si {what} fuera menor que {high} (es {value}).",
    if_at_most="{would} si {what} fuera como máximo {high} (es {value}).",
    if_at_least="{would} si {what} fuera al menos {low} (es {value}).",
    if_between="{would} si {what} estuviera entre {low} y {high} (es {value}).",
    if_equal="{would} si {what} fuera {low} (es {value}).",
    if_other="{would} si {what} fuera distinto de {values} (es {value}).",
    if_listed="{would} si {what} estuviera en la lista «{list}».",
    if_not_listed="{would} si {what} no estuviera en la lista «{list}».",
    case="{result} si {condition}",
    case_else="si no, {result}",
    coalesce="{first} (se toma {second} si no se conoce)",
    since="el tiempo desde {item}",
    least="el menor de ({items})",
    greatest="el mayor de ({items})",
    withheld="Hay un motivo que no describimos, porque un ladrón podría aprovecharlo. Usted puede apelar.",
    category="Nuestros controles encontraron {category}.",
    categories={
        "access": "indicios de que otra persona usa la cuenta",
        "account-takeover": "indicios de que la cuenta del comprador está en otras manos",
        "card-testing": "indicios de prueba de tarjetas",
        "combination": "varias señales leves juntas",
        "delivery-address": "algo inusual en la dirección de entrega",
        "deny-list": "una entrada en la lista de lo que el mercado rechaza",
        "dispute-history": "disputas anteriores con el banco",
        "double-claim": "el mismo dinero pedido dos veces",
        "geography": "lugares que no encajan entre sí",
        "links": "vínculos con otras cuentas",
        "model": "un patrón conocido de fraudes anteriores",
        "new-accounts": "demasiadas cuentas nuevas",
        "not-received": "un paquete que el transportista da por entregado",
        "payment-checks": "comprobaciones de pago fallidas",
        "refund-abuse": "un patrón de reembolsos",
        "refund-only": "dinero pedido otra vez sin devolver la mercancía",
        "return-pattern": "devoluciones inusualmente frecuentes",
        "ring": "varios compradores que piden reembolsos juntos",
        "risk": "señales de riesgo",
        "seller-activity": "actividad inusual de la tienda",
        "stored-value": "valor almacenado comprado por un desconocido",
        "swap": "indicios de que volvió otra mercancía que la enviada",
        "triangulation": "tarjetas y destinatarios que no se corresponden",
        "velocity": "demasiados pedidos en poco tiempo",
    },
)

_BY_LANGUAGE: Mapping[str, Words] = {"en": _EN, "zh": _ZH, "es": _ES}


def words(language: str) -> Words:
    """The words of a language, or of its base language, or English."""
    return _BY_LANGUAGE.get(language) or _BY_LANGUAGE.get(language.split("-")[0]) or _EN


def locale_of(language: str) -> str:
    """The nearest locale that is known for a language."""
    for name in (language.replace("-", "_"), language.split("-")[0]):
        try:
            Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
        return name
    return "en"
