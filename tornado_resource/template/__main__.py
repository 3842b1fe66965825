"""The Pulumi program: every session of `sessions.yaml` for this stack's environment."""

from tornado_resource import deploy

deploy()
