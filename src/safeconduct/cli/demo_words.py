"""What the demo's people say in their cases, and what its staff writes when it decides."""

from __future__ import annotations

from typing import Final

#: What a buyer writes, by the type of the dispute.
BUYER: Final = {
    "not_received": {
        "en": "The parcel never came. I was at home all day, and nobody rang.",
        "zh": "一直没有收到包裹，我整天在家，没有人按门铃。",
        "es": "El paquete nunca llegó. Estuve en casa todo el día y nadie llamó.",
    },
    "damaged": {
        "en": "It came broken; the box was wet on one side.",
        "zh": "收到时已经破损，包装箱一侧受潮。",
        "es": "Llegó roto; la caja estaba mojada por un lado.",
    },
    "wrong_or_missing": {
        "en": "This is not what I ordered: another size, and one piece is missing.",
        "zh": "这不是我订的商品：规格不对，还少了一件。",
        "es": "No es lo que pedí: otro tamaño, y falta una pieza.",
    },
    "not_as_described": {
        "en": "The page says new and sealed. The seal was open.",
        "zh": "页面写着全新未拆封，收到时封口已经打开。",
        "es": "La página dice nuevo y sellado. El sello estaba abierto.",
    },
}  # fmt: skip
SELLER_ANSWERS: Final = (
    "We sent it complete and in good order; the carrier's scans and the weight at dispatch are in the records.",
    "Our packing station films every parcel. Please look at the weight when it left and at the delivery.",
    "The carrier reports that it was delivered. We ask the platform to look at the records.",
)
SELLER_OFFERS: Final = "We are sorry. We offer you a part of the price; you can keep the goods."
SELLER_CONTESTS: Final = {
    "return_swaps": "What came back is not what we sent: compare weight and serial number.",
    "wardrobing": "It came back used: traces of wear, and the tag is gone.",
    "": "The parcel came back in a poor state.",
}
BUYER_ESCALATES: Final = "I do not agree with the shop. Please decide."
BUYER_WITHDRAWS: Final = "It has come after all. Thank you."
APPEALS: Final = {
    "seller": "We ask for another look: the carrier's record says that it was handed over.",
    "buyer": "I ask for another look; I have described what happened, and nobody answered it.",
}
NO_PROPOSAL: Final = "Both sides insist; somebody has to decide."

Sentence = dict[str, str]
#: What is found, by who did wrong.
FOUND: Final[dict[str, Sentence]] = {
    "buyer": {
        "en": "The records contradict the complaint: what was sent and handed over agrees with the order.",
        "zh": "记录与投诉不符：寄出并交付的商品与订单一致。",
        "es": "Los registros contradicen la queja: lo enviado y entregado coincide con el pedido.",
    },
    "seller": {
        "en": "The seller could not show that the goods arrived as they were described.",
        "zh": "卖家未能证明商品按描述送达。",
        "es": "El vendedor no pudo demostrar que la mercancía llegó como se describía.",
    },
    "carrier": {
        "en": "The parcel stood at the customs. Neither side is to blame, and it counts against nobody.",
        "zh": "包裹滞留海关。双方均无过错，不计入任何一方的记录。",
        "es": "El paquete estuvo detenido en la aduana. Nadie tiene la culpa y no cuenta contra nadie.",
    },
}  # fmt: skip
#: What is found of a parcel that came back, by the grade it is given.
GRADED: Final[dict[str, Sentence]] = {
    "A": {
        "en": "Weight, serial number and look agree with what was sent; it is paid back whole.",
        "zh": "重量、序列号和外观与寄出时一致，全额退款。",
        "es": "Peso, número de serie y aspecto coinciden con lo enviado; se devuelve todo.",
    },
    "C": {
        "en": "The goods were used. What the use has cost is taken off.",
        "zh": "商品有使用痕迹，扣除相应折价。",
        "es": "La mercancía fue usada. Se descuenta lo que costó el uso.",
    },
    "E": {
        "en": "Something else came back: weight or serial number differ from what left.",
        "zh": "退回的并非原商品：重量或序列号与寄出时不符。",
        "es": "Volvió otra cosa: el peso o el número de serie difieren de lo que salió.",
    },
}  # fmt: skip
STRIKE: Final[Sentence] = {
    "en": "The customs are on strike; parcels stand still, and so do all clocks.",
    "zh": "海关罢工，包裹滞留，所有期限暂停计算。",
    "es": "La aduana está en huelga; los paquetes están parados, y también todos los plazos.",
}
INSPECTION: Final = {
    "en": "The shop's report of what came back",
    "zh": "店铺对退回商品的检查报告",
    "es": "Informe de la tienda sobre lo que volvió",
}
#: The terms of the made-up marketplace's checkout, by the document that a bank knows them as.
TERMS: Final = {
    "policy_text": (
        "Returns. Goods can be sent back within seven days of their delivery, complete and in the state in which they"
        " came; who buys pays the way back, unless the goods are not as described. Fresh fruit cannot be sent back."
        " What was paid goes back within seven days of the goods' arrival, to the card or account that had paid."
    ),
    "cancellation_policy": (
        "Cancellation. An order can be cancelled free of charge until the parcel is handed to the carrier; after that"
        " the terms for returns apply."
    ),
    "terms": (
        "Terms of sale. The contract is between the buyer and the shop that the offer names. The price with tax and the"
        " day of delivery are those shown before paying. The marketplace decides disputes by its published rules."
    ),
}  # fmt: skip
#: Local addresses for returns: code, name, country, countries served, categories of goods, address, who pays.
HUBS: Final = (
    ("cn-guangzhou", "Returns China", "CN", (), (), "广东省广州市白云区太和镇物流园 3 号库", "platform"),
    ("de-leipzig", "Returns Europe", "DE", ("EU",), (), "Halle 4, Am Güterring 1\n04158 Leipzig", "platform"),
    ("us-newark", "Returns USA", "US", ("US", "CA"), ("tools", "latex"), "Dock 7, 120 Doremus Ave\nNewark, NJ 07105",
     "seller"),
)  # fmt: skip
