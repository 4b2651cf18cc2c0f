"""`safeconduct hubs`: local addresses for returns from a file and back, in a lead's name."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.commands import safeconduct
from tests.kernel.builders import person

from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.returns.models import Hub

HEAD = "code,name,country,serves,goods,paid_by,address,since,until\n"


def test_a_file_is_checked_taken_and_given_out_again(tmp_path: Path) -> None:
    lead, analyst = person(StaffRole.LEAD), person(StaffRole.ANALYST)
    file = tmp_path / "hubs.csv"
    file.write_text(HEAD + 'de-leipzig,Returns Leipzig,DE,DE AT,phones,platform,"Hafenweg 7\n04103 Leipzig",,\n')
    assert "is no lead" in safeconduct("hubs", "import", str(file), "--by", analyst.email).stderr
    told = json.loads(safeconduct("hubs", "import", str(file), "--by", lead.email, "--check", "--json").stdout)
    assert [item["change"] for item in told["items"]] == ["new"]
    with staff_scope():
        assert not Hub.objects.exists()
    for changed in ("1 changed", "0 changed"):
        assert changed in safeconduct("hubs", "import", str(file), "--by", lead.email).stdout
    file.write_text(safeconduct("hubs", "export").stdout)
    assert "0 changed" in safeconduct("hubs", "import", str(file), "--by", lead.email).stdout
    file.write_text(HEAD + "de-leipzig,Returns Leipzig,DE,,,buyer,Hafenweg 7,,\n")
    refused = safeconduct("hubs", "import", str(file), "--by", lead.email)
    assert refused.returncode == 1 and "Row 2, paid_by:" in refused.stderr
