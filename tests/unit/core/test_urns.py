from __future__ import annotations

import pytest

from tornado_resource.core.urns import make_urn, name_of, parents_of, project_of, type_of, unique_names

ROOT = "urn:pulumi:dev::agents::bland:Session::smoke"
INSIDE = "urn:pulumi:dev::agents::acme:agents/teams:Team$acme:agents:Sales$bland:Session::smoke"
OTHER = "urn:pulumi:dev::agents::acme:agents:Billing$bland:Session::smoke"


@pytest.mark.parametrize("urn", [ROOT, INSIDE, OTHER])
def test_a_urn_is_made_of_its_parts(urn: str) -> None:
    assert make_urn("dev", project_of(urn), type_of(urn), name_of(urn), parents_of(urn)) == urn


def test_the_parents_are_the_types_before_the_own_one() -> None:
    assert parents_of(INSIDE) == "acme:agents/teams:Team$acme:agents:Sales"
    assert (parents_of(ROOT), parents_of("no urn")) == ("", "")


def test_only_a_name_that_several_share_is_shown_with_its_parents() -> None:
    assert unique_names([ROOT, ROOT]) == {ROOT: "smoke"}
    assert unique_names([INSIDE, f"{OTHER}-2"]) == {INSIDE: "smoke", f"{OTHER}-2": "smoke-2"}
    assert unique_names([ROOT, INSIDE, OTHER]) == {
        ROOT: "smoke",
        INSIDE: "smoke (acme:agents/teams:Team$acme:agents:Sales)",
        OTHER: "smoke (acme:agents:Billing)",
    }
