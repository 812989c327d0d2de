"""Names of topics and consumer groups, and the key that keeps a subsection's messages in order."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KafkaTopicBuilder:
    """Builds every topic and group name from one prefix, so that two systems can share a broker.

    Topics are shared by all events: the key, not the topic, separates them.
    """

    prefix: str = "onsale"

    def seat_commands(self) -> str:
        """Reserve, release and finalize commands for the seat-reservation service."""
        return f"{self.prefix}.seat-commands"

    def seat_results(self) -> str:
        """What became of each seat command, for the ticketing service."""
        return f"{self.prefix}.seat-results"

    def dead_letters(self) -> str:
        """Messages that no worker could process, each with its error."""
        return f"{self.prefix}.dead-letters"

    def all_topics(self) -> tuple[str, ...]:
        """Every topic that must exist before use."""
        return (self.seat_commands(), self.seat_results(), self.dead_letters())

    def seat_reservation_group(self) -> str:
        """Consumers of seat commands."""
        return f"{self.prefix}.seat-reservation"

    def ticketing_group(self) -> str:
        """Consumers of seat results."""
        return f"{self.prefix}.ticketing"

    def dead_letter_group(self) -> str:
        """Remembers up to where dead letters were re-driven."""
        return f"{self.prefix}.dead-letter-redrive"

    @staticmethod
    def subsection_key(event_id: int, section: str, subsection: int) -> str:
        """The message key of a subsection: all of its commands and results share it."""
        return f"{event_id}:{section}-{subsection}"
