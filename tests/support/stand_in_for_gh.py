"""`gh api` for the comments of one pull request, as GitHub's command line has it; `--jq` is the real jq.

`GITHUB_STATE` names a JSON file with `pulls`, the pull requests that have the commit, and `comments`, theirs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Answer one call."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["api"])
    parser.add_argument("path")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--jq")
    parser.add_argument("--field")
    parser.add_argument("--paginate", action="store_true")
    parser.add_argument("--silent", action="store_true")
    given = parser.parse_args()
    assert os.environ["GH_TOKEN"]
    file = Path(os.environ["GITHUB_STATE"])
    state = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"pulls": [], "comments": []}
    repository = f"repos/{os.environ['GITHUB_REPOSITORY']}"
    if given.method == "GET":
        found = {
            f"{repository}/commits/{os.environ['GITHUB_SHA']}/pulls": state["pulls"],
            f"{repository}/issues/7/comments": state["comments"],
        }[given.path]
        return subprocess.run(
            ["jq", "--raw-output", given.jq], input=json.dumps(found), text=True, check=False
        ).returncode
    name, _, source = given.field.partition("=@")
    assert name == "body"
    body = Path(source).read_text(encoding="utf-8")
    if given.method == "PATCH":
        number = int(given.path.removeprefix(f"{repository}/issues/comments/"))
        next(each for each in state["comments"] if each["id"] == number)["body"] = body
    else:
        assert (given.method, given.path) == ("POST", f"{repository}/issues/7/comments")
        state["comments"].append({"id": len(state["comments"]) + 1, "body": body})
    file.write_text(json.dumps(state), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
