from tests.portal import shops
def test_probe():
    shops.open_for_business()
    a = shops.order()
    b = shops.order(at=shops.ago(100)); shops.ship(b, at=shops.ago(90))
    held = shops.order(amount=9000); shops.until_now()
    c = shops.signed_in()
    for p in ("/portal/", "/portal/transactions/orders/", f"/portal/transactions/orders/{a.key}/", f"/portal/transactions/orders/{b.key}/", f"/portal/decisions/{held.decision}/", "/portal/money/", "/portal/money/statement/", "/portal/decisions/", "/portal/notices/", "/portal/people/", "/portal/settings/"):
        r = c.get(p); print(p, r.status_code, len(r.content))
        assert r.status_code == 200
