"""The commands of scripts/helm."""
import argparse
import asyncio
import json
import sys

import helm_sdkpy

from helm_lib.standin import StandIn

RELEASE = "f2s"


def main() -> int:
    arguments = parse()
    try:
        return asyncio.run(COMMANDS[arguments.command](arguments))
    except Exception as error:  # Helm's errors have no common base class of their own.
        print(f"scripts/helm {arguments.command}: {error}", file=sys.stderr)
        return 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/helm")
    parser.add_argument("chart", help=argparse.SUPPRESS)
    parser.add_argument("command", choices=sorted(COMMANDS))
    parser.add_argument("--namespace", default="f2s")
    parser.add_argument("--kubernetes", default="1.30", help="the Kubernetes version for a template")
    parser.add_argument("--create-namespace", action="store_true")
    parser.add_argument("--server-side", action="store_true", help="use server-side apply, the default of Helm 4")
    parser.add_argument("--reuse-values", action="store_true")
    parser.add_argument("--wait", type=int, default=0, metavar="SECONDS")
    parser.add_argument("--set", action="append", default=[], metavar="KEY.PATH=VALUE")
    parser.add_argument("--values", metavar="FILE.json")
    return parser.parse_args()


def values(arguments: argparse.Namespace) -> dict:
    """Returns the values of the file, overridden by those of --set. A value of --set is JSON, or else a string."""
    result: dict = {}
    if arguments.values:
        with open(arguments.values, encoding="utf-8") as file:
            result = json.load(file)
    for assignment in arguments.set:
        path, separator, text = assignment.partition("=")
        if not separator:
            raise ValueError(f"--set {assignment}: it must be key.path=value")
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = text
        *parents, last = path.split(".")
        place = result
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return result


async def lint(arguments: argparse.Namespace) -> int:
    with StandIn(arguments.kubernetes) as server:
        configuration = helm_sdkpy.Configuration(namespace=arguments.namespace, kubeconfig=server.kubeconfig)
        result = await helm_sdkpy.Lint(configuration).run(arguments.chart)
    # Severity 1 is advice (the chart has no icon), 2 a warning, 3 an error.
    failed = [message for message in result.get("Messages") or [] if message.get("Severity", 3) > 1]
    for message in failed:
        print(f"{message.get('Path')}: {message.get('Err')}", file=sys.stderr)
    return 1 if failed or result.get("Errors") else 0


async def template(arguments: argparse.Namespace) -> int:
    """Renders the chart as Helm's `template`, which the library lacks: installs it into a stand-in for a cluster, and
    prints the created objects."""
    with StandIn(arguments.kubernetes) as server:
        configuration = helm_sdkpy.Configuration(namespace=arguments.namespace, kubeconfig=server.kubeconfig)
        release = await helm_sdkpy.Install(configuration).run(
            RELEASE, arguments.chart, values=values(arguments), wait=False
        )
    sys.stdout.write(release["manifest"].lstrip("\n"))
    return 0


async def install(arguments: argparse.Namespace) -> int:
    configuration = helm_sdkpy.Configuration(namespace=arguments.namespace)
    release = await helm_sdkpy.Install(configuration).run(
        RELEASE,
        arguments.chart,
        values=values(arguments),
        create_namespace=arguments.create_namespace,
        wait=arguments.wait > 0,
        timeout=arguments.wait or 60,
        server_side_apply=arguments.server_side,
    )
    return say(release)


async def upgrade(arguments: argparse.Namespace) -> int:
    configuration = helm_sdkpy.Configuration(namespace=arguments.namespace)
    release = await helm_sdkpy.Upgrade(configuration).run(
        RELEASE,
        arguments.chart,
        values=values(arguments),
        wait=arguments.wait > 0,
        timeout=arguments.wait or 60,
        reuse_values=arguments.reuse_values,
    )
    return say(release)


async def uninstall(arguments: argparse.Namespace) -> int:
    configuration = helm_sdkpy.Configuration(namespace=arguments.namespace)
    await helm_sdkpy.Uninstall(configuration).run(RELEASE, wait=arguments.wait > 0, timeout=arguments.wait or 60)
    return 0


def say(release: dict) -> int:
    """Prints the notes, as Helm does."""
    print((release.get("info") or {}).get("notes", ""))
    return 0


COMMANDS = {"lint": lint, "template": template, "install": install, "upgrade": upgrade, "uninstall": uninstall}

if __name__ == "__main__":
    sys.exit(main())
