from __future__ import annotations

import pytest

from tornado_resource.reports.ci import run_url

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/agents",
    "GITHUB_RUN_ID": "7",
}


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        (GITHUB, "https://github.com/acme/agents/actions/runs/7"),
        (
            {"CI_JOB_URL": "https://gitlab.example:8443/acme/agents/-/jobs/7"},
            "https://gitlab.example:8443/acme/agents/-/jobs/7",
        ),
        ({}, None),
        ({**GITHUB, "GITHUB_ACTIONS": ""}, None),
        ({**GITHUB, "GITHUB_REPOSITORY": ""}, None),
        ({**GITHUB, "GITHUB_SERVER_URL": "javascript:alert(1)//"}, None),
        ({"CI_JOB_URL": "http://gitlab.example/1"}, None),
        ({"CI_JOB_URL": 'https://x/"><script>'}, None),
        ({"CI_JOB_URL": "https://user:secret@x/1"}, None),
        ({"CI_JOB_URL": "https://x/" + "a" * 600}, None),
    ],
)
def test_only_a_plain_https_address_is_linked(environ: dict[str, str], url: str | None) -> None:
    assert run_url(environ) == url
