#!/bin/bash
# Creates Telltale's topics; a topic that exists stays as it is. Settings: docs/operations.md.
set -euo pipefail

topics=/opt/kafka/bin/kafka-topics.sh
hour=3600000

create() { # name partitions retention_ms
  "$topics" --bootstrap-server "$BOOTSTRAP_SERVER" --create --if-not-exists \
    --topic "$1" --partitions "$2" --replication-factor "${REPLICATION_FACTOR:-1}" \
    --config "retention.ms=$3" --config cleanup.policy=delete
}

create telltale.flows.v1 "$FLOW_PARTITIONS" $((FLOW_RETENTION_HOURS * hour))
create telltale.findings.v1 "$FLOW_PARTITIONS" $((7 * 24 * hour))
create telltale.dead-letters.v1 1 $((30 * 24 * hour))
