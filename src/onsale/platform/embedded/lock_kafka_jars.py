"""Write ``kafka_jars.lock`` anew, for another version of Kafka.

    python -m onsale.platform.embedded.lock_kafka_jars 4.3.1

For maintainers: it resolves the broker's dependencies and records what it got. Read the
difference before you commit it, and run the Kafka tests.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from onsale.platform.embedded.jars import KAFKA_LOCK

_HEADER = """\
# The jars of an Apache Kafka broker and of its logging: Maven coordinates and SHA-256.
# Made by `python -m onsale.platform.embedded.lock_kafka_jars {version}`; not edited by hand.
"""


def main(version: str) -> None:
    """Resolve ``org.apache.kafka:kafka_2.13:<version>`` and write the lock file."""
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - optional extra

    with tempfile.TemporaryDirectory() as repository:
        context = MavenContext(repo_cache=Path(repository), resolver=PythonResolver())
        broker = context.create_dependency(f"org.apache.kafka:kafka_2.13:{version}")
        _, nodes = context.resolver.get_dependency_list([broker])
        jars = [broker, *(node.dep for node in nodes)]
        # The broker logs through SLF4J but leaves the choice of a binding to its distribution.
        log4j = next(jar.version for jar in jars if jar.artifactId == "log4j-core")
        binding = f"org.apache.logging.log4j:log4j-slf4j-impl:{log4j}"
        jars.append(context.create_dependency(binding))
        lines = [
            f"{jar.groupId}:{jar.artifactId}:{jar.version} "
            f"{hashlib.sha256(jar.artifact.resolve().read_bytes()).hexdigest()}\n"
            for jar in jars
        ]
    KAFKA_LOCK.write_text(_HEADER.format(version=version) + "".join(sorted(lines)))


if __name__ == "__main__":
    main(sys.argv[1])
