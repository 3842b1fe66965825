"""`deploy()`: it lets the engine begin to read the stack's state, which takes as long as to import the rest."""

from __future__ import annotations

from tornado_resource.program.sdk import exit_on_signals
from tornado_resource.program.state import begin_reading


def deploy() -> None:
    """Declare the sessions and check runs of the stack's environment, enforce the gate, and publish what passed.

    Call it from a Pulumi program's `__main__.py`. It reads the config keys that docs/configuration.md lists and exports
    `environment`, `sessions` and `verdicts`; with declared agents also `agents`, with declared scenarios also
    `scenarios`, and with `promotes_from` also `promotion`.

    Raises:
        pulumi.RunError: the declarations or the configuration are invalid; the text lists all problems. What fails
            later (a gate, a promotion, a release) fails an output, and so the update.

    Examples:
        In `__main__.py`:

        ```python
        from tornado_resource import deploy

        deploy()
        ```

        With Pulumi's Automation API, in a script of your own:

        ```python
        import os

        from pulumi import automation
        from tornado_resource import deploy

        stack = automation.create_or_select_stack("dev", "agents", deploy)
        stack.set_config("bland:apiKey", automation.ConfigValue(os.environ["BLAND_API_KEY"], secret=True))
        stack.set_config("tornado:declarations", automation.ConfigValue(os.path.abspath("sessions.yaml")))
        result = stack.up(on_output=print)
        print(result.outputs["verdicts"].value)
        ```

    """
    exit_on_signals()
    begun = begin_reading()
    from tornado_resource.deployment.declare import declare

    declare(begun)
