"""Declarations with a text of somebody else's in every place that a message may quote."""

from __future__ import annotations

BASE = "version: 1\nsessions: {a: {pathway_id: p}}\n"


def invalid_files(text: str) -> dict[str, str]:
    """Return invalid files by where *text* is in them."""
    quoted = scalar(text)
    return {
        "session name": f"version: 1\nsessions:\n  {quoted}: {{pathway_id: p}}\n  Bad: 1\n",
        "environment name": f"{BASE}environments:\n  {quoted}: {{defaults: {{rerun: 1}}}}\n",
        "key": f"{BASE}{quoted}: 1\n",
        "key of a session": f"version: 1\nsessions: {{a: {{pathway_id: p, {quoted}: 1}}}}\n",
        "duplicate key": f"version: 1\nsessions: {{a: {{pathway_id: p, {quoted}: 1, {quoted}: 2}}}}\n",
        "value of every type": (
            f"version: {quoted}\nsessions:\n  a: {{pathway_id: [{quoted}], persona_id: {{{quoted}: 1}},"
            f" timeout_ms: {quoted}, max_iterations: {quoted}, gate: {quoted}, triggers: {quoted}}}\n"
            f"  b: {quoted}\n"
        ),
        "identifier": f"version: 1\nsessions: {{a: {{pathway_id: {scalar(text + '/')}}}}}\n",
        "duplicate scenario": f"version: 1\nsessions: {{a: {{pathway_id: p, scenario_ids: [{quoted}, {quoted}]}}}}\n",
        "choice": f"version: 1\nsessions: {{a: {{pathway_id: p, rerun: {quoted}, gate: {{repaired: {quoted}}}}}}}\n",
        "trigger": f"version: 1\nsessions: {{a: {{pathway_id: p, triggers: {{{quoted}: [{quoted}]}}}}}}\n",
        "promotes_from": f"{BASE}environments: {{e: {{promotes_from: {quoted}}}}}\n",
        "half a stack's name": f"{BASE}environments: {{e: {{promotes_from: {scalar('a/' + text)}}}}}\n",
        "unquoted promotes_from": f"{BASE}environments: {{e: {{promotes_from: nowhere}}, {quoted}: }}\n",
        "circle": (
            f"{BASE}environments:\n  {quoted}: {{promotes_from: e}}\n  e: {{promotes_from: f}}\n"
            f"  f: {{promotes_from: {quoted}}}\n  g: {{promotes_from: g, max_age: {quoted}}}\n"
        ),
        "unknown session": f"{BASE}environments: {{e: {{sessions: {{{quoted}: {{}}}}}}}}\n",
        "known session": (
            f"version: 1\nsessions: {{{quoted}: {{}}}}\nenvironments: {{e: {{sessions: {{secrets: {{}}}}}}}}\n"
        ),
        "root": f"{quoted}\n",
        "root list": f"[{quoted}, &x [*y]]\n",
        "tag": f"{BASE}x: !<{_uri(text)}> 1\n",
        "anchor": f"{BASE}x: &{_word(text)} [*{_word(text)}]\n",
        "alias": f"{BASE}x: *{_word(text)}\n",
        "broken": f"{BASE}x: [{quoted}\n",
        "raw": f"{BASE}x: '{text}'\n",
    }


def scalar(text: str) -> str:
    """Return *text* in double quotes, as YAML escapes it."""
    escaped = (each if each.isascii() and each.isalnum() else f"\\U{ord(each):08x}" for each in text)
    return f'"{"".join(escaped)}"'


def _uri(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "replace")) or "x"


def _word(text: str) -> str:
    return "".join(character for character in text if character.isascii() and character.isalnum()) or "x"
