-- The schema after all migrations (libs/store/migrations), written by `npm run generate`.
-- For reading and for review; `telltale migrate` is what creates it.

CREATE TABLE detection_runs
(
    `name` String,
    `until` DateTime64(6, 'UTC'),
    `finished_at` DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(until)
ORDER BY name
SETTINGS index_granularity = 8192;

CREATE TABLE disclosed_identifiers
(
    `day` Date32,
    `telltale_peer_located` LowCardinality(String),
    `telltale_peer_registered` LowCardinality(String),
    `telltale_peer_operated` LowCardinality(String),
    `organization` LowCardinality(String),
    `kind` LowCardinality(String),
    `linked` Bool,
    `identifiers` AggregateFunction(uniqExact, String),
    `subjects` AggregateFunction(uniqExact, String),
    `latest` SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (day, telltale_peer_operated, telltale_peer_registered, telltale_peer_located, organization, kind, linked)
TTL toDateTime(latest) + toIntervalDay(400)
SETTINGS index_granularity = 8192;

CREATE MATERIALIZED VIEW disclosed_identifiers_of_flows TO disclosed_identifiers
(
    `day` Date32,
    `telltale_peer_located` LowCardinality(String),
    `telltale_peer_registered` LowCardinality(String),
    `telltale_peer_operated` LowCardinality(String),
    `organization` String,
    `kind` LowCardinality(String),
    `linked` UInt8,
    `identifiers` AggregateFunction(uniqExact, String),
    `subjects` AggregateFunction(uniqExact, String),
    `latest` DateTime64(3, 'UTC')
)
AS SELECT
    toDate32(timestamp) AS day,
    telltale_peer_located,
    telltale_peer_registered,
    telltale_peer_operated,
    if(telltale_peer_operator != '', telltale_peer_operator, destination_as_organization_name) AS organization,
    kind,
    length(telltale_flow_observable_kinds) > 1 AS linked,
    uniqExactState(token) AS identifiers,
    uniqExactState(telltale_subject_ip) AS subjects,
    max(ingested_at) AS latest
FROM flows
ARRAY JOIN
    telltale_observables.kind AS kind,
    telltale_observables.token AS token
GROUP BY
    day,
    telltale_peer_located,
    telltale_peer_registered,
    telltale_peer_operated,
    organization,
    kind,
    linked;

CREATE TABLE findings
(
    `event_id` String,
    `timestamp` DateTime64(6, 'UTC'),
    `event_created` DateTime64(6, 'UTC'),
    `rule_id` LowCardinality(String),
    `rule_name` LowCardinality(String),
    `rule_version` LowCardinality(String),
    `event_severity_name` LowCardinality(String),
    `telltale_verdict` LowCardinality(String),
    `telltale_flow_id` String,
    `telltale_record_id` String,
    `telltale_observable_kind` LowCardinality(String),
    `telltale_observable_path` String,
    `telltale_observable_encoding` LowCardinality(String),
    `telltale_observable_mask` String,
    `telltale_observable_token` String,
    `telltale_observable_confidence` UInt64,
    `telltale_observables_related` Array(String),
    `telltale_versions` LowCardinality(String),
    `message` String,
    `observer_name` LowCardinality(String),
    `source_ip` String,
    `source_port` UInt64,
    `destination_ip` String,
    `destination_port` UInt64,
    `telltale_subject_ip` String,
    `telltale_peer_ip` String,
    `network_transport` LowCardinality(String),
    `network_protocol` LowCardinality(String),
    `network_community_id` String,
    `destination_domain` String,
    `telltale_service` LowCardinality(String),
    `telltale_role` LowCardinality(String),
    `destination_geo_country_iso_code` LowCardinality(String),
    `destination_as_number` UInt64,
    `destination_as_organization_name` LowCardinality(String),
    `telltale_peer_located` LowCardinality(String),
    `telltale_peer_registered` LowCardinality(String),
    `telltale_peer_operated` LowCardinality(String),
    `telltale_policy_id` LowCardinality(String),
    `telltale_policy_verdict` LowCardinality(String),
    `telltale_policy_reason` String,
    `telltale_evidence_file` LowCardinality(String),
    `telltale_evidence_frame` UInt64,
    `telltale_peer_agreement` LowCardinality(String),
    `telltale_peer_disputed` Array(String),
    `telltale_peer_sources` Array(String),
    `telltale_peer_unlocated` LowCardinality(String),
    `telltale_peer_anycast` LowCardinality(String),
    `telltale_peer_site` LowCardinality(String),
    `telltale_peer_distance_limit` UInt64,
    `telltale_peer_disproved` Array(String),
    `telltale_peer_operator` LowCardinality(String),
    `telltale_subject_tags` Array(String),
    `telltale_hops` Array(String),
    `telltale_policy_decisions` Array(String),
    `telltale_evidence_line` UInt64,
    `ingested_at` DateTime64(3, 'UTC') DEFAULT now64(3),
    `telltale_path` Array(String),
    `telltale_peer_city` LowCardinality(String),
    `telltale_peer_position` LowCardinality(String),
    `telltale_peer_registered_disputed` Array(String),
    `telltale_observable_watchlist` LowCardinality(String),
    `telltale_inference` Array(String),
    `telltale_linkability_score` UInt64,
    `telltale_linked_kinds` Array(String),
    `event_risk_score` UInt64,
    `telltale_attribution` LowCardinality(String),
    `telltale_session_id` String,
    INDEX findings_event_id event_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX findings_flow_id telltale_flow_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(ingested_at)
PARTITION BY toRelativeMonthNum(timestamp) % 24
ORDER BY (toStartOfHour(timestamp), telltale_flow_id, event_id)
TTL toDateTime(ingested_at) + toIntervalDay(400)
SETTINGS index_granularity = 8192;

CREATE TABLE findings_1h_buckets
(
    `timestamp` DateTime('UTC'),
    `cells.observer_name` Array(LowCardinality(String)),
    `cells.rule_id` Array(LowCardinality(String)),
    `cells.rule_name` Array(LowCardinality(String)),
    `cells.event_severity_name` Array(LowCardinality(String)),
    `cells.telltale_verdict` Array(LowCardinality(String)),
    `cells.telltale_observable_kind` Array(LowCardinality(String)),
    `cells.network_protocol` Array(LowCardinality(String)),
    `cells.telltale_service` Array(LowCardinality(String)),
    `cells.telltale_role` Array(LowCardinality(String)),
    `cells.telltale_peer_located` Array(LowCardinality(String)),
    `cells.telltale_peer_registered` Array(LowCardinality(String)),
    `cells.telltale_peer_operated` Array(LowCardinality(String)),
    `cells.destination_as_number` Array(UInt64),
    `cells.destination_as_organization_name` Array(LowCardinality(String)),
    `cells.telltale_policy_id` Array(LowCardinality(String)),
    `cells.telltale_policy_verdict` Array(LowCardinality(String)),
    `cells.findings` Array(UInt64),
    `cells.subjects` Array(AggregateFunction(uniq, String)),
    `cells.identifiers` Array(AggregateFunction(uniq, String)),
    `computed_at` DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY timestamp
TTL toDateTime(computed_at) + toIntervalDay(800)
SETTINGS index_granularity = 8192;

CREATE TABLE findings_1m_buckets
(
    `timestamp` DateTime('UTC'),
    `cells.observer_name` Array(LowCardinality(String)),
    `cells.rule_id` Array(LowCardinality(String)),
    `cells.rule_name` Array(LowCardinality(String)),
    `cells.event_severity_name` Array(LowCardinality(String)),
    `cells.telltale_verdict` Array(LowCardinality(String)),
    `cells.telltale_observable_kind` Array(LowCardinality(String)),
    `cells.network_protocol` Array(LowCardinality(String)),
    `cells.telltale_service` Array(LowCardinality(String)),
    `cells.telltale_role` Array(LowCardinality(String)),
    `cells.telltale_peer_located` Array(LowCardinality(String)),
    `cells.telltale_peer_registered` Array(LowCardinality(String)),
    `cells.telltale_peer_operated` Array(LowCardinality(String)),
    `cells.destination_as_number` Array(UInt64),
    `cells.destination_as_organization_name` Array(LowCardinality(String)),
    `cells.telltale_policy_id` Array(LowCardinality(String)),
    `cells.telltale_policy_verdict` Array(LowCardinality(String)),
    `cells.findings` Array(UInt64),
    `cells.subjects` Array(AggregateFunction(uniq, String)),
    `cells.identifiers` Array(AggregateFunction(uniq, String)),
    `computed_at` DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY timestamp
TTL toDateTime(computed_at) + toIntervalDay(400)
SETTINGS index_granularity = 8192;

CREATE TABLE flows
(
    `event_id` String,
    `timestamp` DateTime64(6, 'UTC'),
    `event_start` DateTime64(6, 'UTC'),
    `event_created` DateTime64(6, 'UTC'),
    `observer_name` LowCardinality(String),
    `telltale_flow_id` String,
    `telltale_flow_sequence` UInt64,
    `telltale_flow_state` LowCardinality(String),
    `telltale_evidence_file` LowCardinality(String),
    `telltale_evidence_frame` UInt64,
    `telltale_evidence_line` UInt64,
    `source_ip` String,
    `source_port` UInt64,
    `destination_ip` String,
    `destination_port` UInt64,
    `telltale_subject_ip` String,
    `telltale_peer_ip` String,
    `network_type` LowCardinality(String),
    `network_transport` LowCardinality(String),
    `network_protocol` LowCardinality(String),
    `network_community_id` String,
    `source_bytes` UInt64,
    `source_packets` UInt64,
    `destination_bytes` UInt64,
    `destination_packets` UInt64,
    `telltale_sampling_rate` UInt64,
    `telltale_handshake_rtt` UInt64,
    `telltale_encryption_verdict` LowCardinality(String),
    `telltale_encryption_reason` LowCardinality(String),
    `destination_domain` String,
    `telltale_destination_domain_source` LowCardinality(String),
    `http_request_method` LowCardinality(String),
    `http_request_mime_type` LowCardinality(String),
    `url_domain` String,
    `url_path` String,
    `url_query` String,
    `http_response_status_code` UInt64,
    `user_agent_original` String,
    `dns_question_name` String,
    `dns_question_type` LowCardinality(String),
    `dns_resolved_ip` Array(String),
    `tls_client_server_name` String,
    `telltale_tls_alpn` Array(String),
    `telltale_tls_ja4` LowCardinality(String),
    `telltale_tls_certificate_names` Array(String),
    `telltale_stun_realm` String,
    `telltale_stun_software` String,
    `telltale_stun_mapped_ip` String,
    `telltale_stun_relayed_ip` String,
    `telltale_stun_peer_ip` Array(String),
    `telltale_tunnel_protocol` LowCardinality(String),
    `telltale_tunnel_source_ip` String,
    `telltale_tunnel_destination_ip` String,
    `telltale_session_ip` Array(String),
    `telltale_observables.kind` Array(LowCardinality(String)),
    `telltale_observables.path` Array(String),
    `telltale_observables.encoding` Array(LowCardinality(String)),
    `telltale_observables.visibility` Array(LowCardinality(String)),
    `telltale_observables.confidence` Array(UInt64),
    `telltale_observables.mask` Array(String),
    `telltale_observables.token` Array(String),
    `telltale_observables.sender` Array(LowCardinality(String)),
    `telltale_observables.frame` Array(UInt64),
    `telltale_observables_dropped` UInt64,
    `telltale_flow_observable_kinds` Array(String),
    `source_geo_country_iso_code` LowCardinality(String),
    `source_as_number` UInt64,
    `source_as_organization_name` LowCardinality(String),
    `destination_geo_country_iso_code` LowCardinality(String),
    `destination_as_number` UInt64,
    `destination_as_organization_name` LowCardinality(String),
    `telltale_peer_located` LowCardinality(String),
    `telltale_peer_registered` LowCardinality(String),
    `telltale_peer_operated` LowCardinality(String),
    `telltale_service` LowCardinality(String),
    `telltale_role` LowCardinality(String),
    `telltale_policy_id` LowCardinality(String),
    `telltale_policy_verdict` LowCardinality(String),
    `telltale_policy_reason` String,
    `telltale_peer_agreement` LowCardinality(String),
    `telltale_peer_disputed` Array(String),
    `telltale_peer_sources` Array(String),
    `telltale_peer_unlocated` LowCardinality(String),
    `telltale_peer_anycast` LowCardinality(String),
    `telltale_peer_site` LowCardinality(String),
    `telltale_peer_distance_limit` UInt64,
    `telltale_peer_disproved` Array(String),
    `telltale_peer_operator` LowCardinality(String),
    `telltale_subject_tags` Array(String),
    `telltale_hops` Array(String),
    `telltale_policy_decisions` Array(String),
    `ingested_at` DateTime64(3, 'UTC') DEFAULT now64(3),
    `telltale_flow_hops` Array(String),
    `telltale_subject_mac` String,
    `telltale_rtp_ssrc` UInt64,
    `telltale_rtp_medium` LowCardinality(String),
    `telltale_path` Array(String),
    `telltale_peer_city` LowCardinality(String),
    `telltale_peer_position` LowCardinality(String),
    `telltale_peer_registered_disputed` Array(String),
    `telltale_unanswered_packets` UInt64,
    `telltale_unanswered_duration` UInt64,
    `telltale_flow_end_reason` LowCardinality(String),
    `telltale_observables.watchlist` Array(LowCardinality(String)),
    `telltale_sip_method` LowCardinality(String),
    `telltale_sip_status_code` UInt64,
    `telltale_stun_type` LowCardinality(String),
    `telltale_inference` Array(String),
    `telltale_subject_located` LowCardinality(String),
    `telltale_linkability_score` UInt64,
    `telltale_linked_kinds` Array(String),
    `telltale_attribution` LowCardinality(String),
    `telltale_session_id` String,
    `telltale_session_endpoints` Array(String),
    INDEX flows_timestamp timestamp TYPE minmax GRANULARITY 1,
    INDEX flows_flow_id telltale_flow_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX flows_ingested_at ingested_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(ingested_at)
PARTITION BY toRelativeMonthNum(event_start) % 24
ORDER BY (toStartOfHour(event_start), telltale_flow_id, event_id)
TTL toDateTime(ingested_at) + toIntervalDay(90)
SETTINGS index_granularity = 8192;

CREATE TABLE flows_1h_buckets
(
    `timestamp` DateTime('UTC'),
    `cells.observer_name` Array(LowCardinality(String)),
    `cells.network_transport` Array(LowCardinality(String)),
    `cells.network_protocol` Array(LowCardinality(String)),
    `cells.telltale_encryption_verdict` Array(LowCardinality(String)),
    `cells.telltale_service` Array(LowCardinality(String)),
    `cells.telltale_role` Array(LowCardinality(String)),
    `cells.telltale_peer_located` Array(LowCardinality(String)),
    `cells.telltale_peer_registered` Array(LowCardinality(String)),
    `cells.telltale_peer_operated` Array(LowCardinality(String)),
    `cells.destination_as_number` Array(UInt64),
    `cells.destination_as_organization_name` Array(LowCardinality(String)),
    `cells.telltale_policy_id` Array(LowCardinality(String)),
    `cells.telltale_policy_verdict` Array(LowCardinality(String)),
    `cells.records` Array(UInt64),
    `cells.flows` Array(UInt64),
    `cells.source_bytes` Array(UInt64),
    `cells.source_packets` Array(UInt64),
    `cells.destination_bytes` Array(UInt64),
    `cells.destination_packets` Array(UInt64),
    `cells.observables` Array(UInt64),
    `cells.observables_dropped` Array(UInt64),
    `computed_at` DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY timestamp
TTL toDateTime(computed_at) + toIntervalDay(800)
SETTINGS index_granularity = 8192;

CREATE TABLE flows_1m_buckets
(
    `timestamp` DateTime('UTC'),
    `cells.observer_name` Array(LowCardinality(String)),
    `cells.network_transport` Array(LowCardinality(String)),
    `cells.network_protocol` Array(LowCardinality(String)),
    `cells.telltale_encryption_verdict` Array(LowCardinality(String)),
    `cells.telltale_service` Array(LowCardinality(String)),
    `cells.telltale_role` Array(LowCardinality(String)),
    `cells.telltale_peer_located` Array(LowCardinality(String)),
    `cells.telltale_peer_registered` Array(LowCardinality(String)),
    `cells.telltale_peer_operated` Array(LowCardinality(String)),
    `cells.destination_as_number` Array(UInt64),
    `cells.destination_as_organization_name` Array(LowCardinality(String)),
    `cells.telltale_policy_id` Array(LowCardinality(String)),
    `cells.telltale_policy_verdict` Array(LowCardinality(String)),
    `cells.records` Array(UInt64),
    `cells.flows` Array(UInt64),
    `cells.source_bytes` Array(UInt64),
    `cells.source_packets` Array(UInt64),
    `cells.destination_bytes` Array(UInt64),
    `cells.destination_packets` Array(UInt64),
    `cells.observables` Array(UInt64),
    `cells.observables_dropped` Array(UInt64),
    `computed_at` DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY timestamp
TTL toDateTime(computed_at) + toIntervalDay(90)
SETTINGS index_granularity = 8192;

CREATE TABLE hits
(
    `event_id` String,
    `timestamp` DateTime64(6, 'UTC'),
    `rule_id` LowCardinality(String),
    `telltale_flow_id` String,
    `telltale_record_id` String,
    `fields` Map(LowCardinality(String), String),
    `ingested_at` DateTime64(3, 'UTC') DEFAULT now64(3),
    INDEX hits_ingested_at ingested_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(ingested_at)
PARTITION BY toRelativeMonthNum(timestamp) % 24
ORDER BY (rule_id, timestamp, event_id)
TTL toDateTime(ingested_at) + toIntervalDay(35)
SETTINGS index_granularity = 8192;

CREATE TABLE schema_migrations
(
    `id` UInt32,
    `name` String,
    `digest` String,
    `applied_at` DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY id
SETTINGS index_granularity = 8192;

CREATE TABLE service_places
(
    `day` Date32,
    `observer_name` LowCardinality(String),
    `telltale_service` LowCardinality(String),
    `telltale_role` LowCardinality(String),
    `telltale_peer_located` LowCardinality(String),
    `destination_as_number` UInt64,
    `destination_as_organization_name` SimpleAggregateFunction(anyLast, String),
    `first` SimpleAggregateFunction(min, DateTime('UTC')),
    `latest` SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (observer_name, telltale_service, telltale_role, telltale_peer_located, destination_as_number, day)
TTL toDateTime(latest) + toIntervalDay(800)
SETTINGS index_granularity = 8192;

CREATE MATERIALIZED VIEW service_places_of_flows TO service_places
(
    `day` Date32,
    `observer_name` LowCardinality(String),
    `telltale_service` LowCardinality(String),
    `telltale_role` LowCardinality(String),
    `telltale_peer_located` LowCardinality(String),
    `destination_as_number` UInt64,
    `destination_as_organization_name` String,
    `first` DateTime('UTC'),
    `latest` DateTime64(3, 'UTC')
)
AS SELECT
    toDate32(timestamp) AS day,
    observer_name,
    telltale_service,
    telltale_role,
    telltale_peer_located,
    destination_as_number,
    anyLast(toString(destination_as_organization_name)) AS destination_as_organization_name,
    min(toDateTime(toStartOfHour(timestamp), 'UTC')) AS first,
    max(ingested_at) AS latest
FROM flows
WHERE (telltale_service != '') AND (destination_packets > 0) AND (timestamp >= toDateTime(0, 'UTC')) AND (timestamp < toDateTime(4294967295, 'UTC'))
GROUP BY
    day,
    observer_name,
    telltale_service,
    telltale_role,
    telltale_peer_located,
    destination_as_number;

CREATE VIEW findings_1h
(
    `timestamp` DateTime('UTC'),
    `observer_name` LowCardinality(String),
    `rule_id` LowCardinality(String),
    `rule_name` LowCardinality(String),
    `event_severity_name` LowCardinality(String),
    `telltale_verdict` LowCardinality(String),
    `telltale_observable_kind` LowCardinality(String),
    `network_protocol` LowCardinality(String),
    `telltale_service` LowCardinality(String),
    `telltale_role` LowCardinality(String),
    `telltale_peer_located` LowCardinality(String),
    `telltale_peer_registered` LowCardinality(String),
    `telltale_peer_operated` LowCardinality(String),
    `destination_as_number` UInt64,
    `destination_as_organization_name` LowCardinality(String),
    `telltale_policy_id` LowCardinality(String),
    `telltale_policy_verdict` LowCardinality(String),
    `findings` UInt64,
    `subjects` AggregateFunction(uniq, String),
    `identifiers` AggregateFunction(uniq, String)
)
AS SELECT
    timestamp,
    observer_name,
    rule_id,
    rule_name,
    event_severity_name,
    telltale_verdict,
    telltale_observable_kind,
    network_protocol,
    telltale_service,
    telltale_role,
    telltale_peer_located,
    telltale_peer_registered,
    telltale_peer_operated,
    destination_as_number,
    destination_as_organization_name,
    telltale_policy_id,
    telltale_policy_verdict,
    findings,
    subjects,
    identifiers
FROM findings_1h_buckets
FINAL
ARRAY JOIN
    cells.observer_name AS observer_name,
    cells.rule_id AS rule_id,
    cells.rule_name AS rule_name,
    cells.event_severity_name AS event_severity_name,
    cells.telltale_verdict AS telltale_verdict,
    cells.telltale_observable_kind AS telltale_observable_kind,
    cells.network_protocol AS network_protocol,
    cells.telltale_service AS telltale_service,
    cells.telltale_role AS telltale_role,
    cells.telltale_peer_located AS telltale_peer_located,
    cells.telltale_peer_registered AS telltale_peer_registered,
    cells.telltale_peer_operated AS telltale_peer_operated,
    cells.destination_as_number AS destination_as_number,
    cells.destination_as_organization_name AS destination_as_organization_name,
    cells.telltale_policy_id AS telltale_policy_id,
    cells.telltale_policy_verdict AS telltale_policy_verdict,
    cells.findings AS findings,
    cells.subjects AS subjects,
    cells.identifiers AS identifiers;

CREATE VIEW findings_1m
(
    `timestamp` DateTime('UTC'),
    `observer_name` LowCardinality(String),
    `rule_id` LowCardinality(String),
    `rule_name` LowCardinality(String),
    `event_severity_name` LowCardinality(String),
    `telltale_verdict` LowCardinality(String),
    `telltale_observable_kind` LowCardinality(String),
    `network_protocol` LowCardinality(String),
    `telltale_service` LowCardinality(String),
    `telltale_role` LowCardinality(String),
    `telltale_peer_located` LowCardinality(String),
    `telltale_peer_registered` LowCardinality(String),
    `telltale_peer_operated` LowCardinality(String),
    `destination_as_number` UInt64,
    `destination_as_organization_name` LowCardinality(String),
    `telltale_policy_id` LowCardinality(String),
    `telltale_policy_verdict` LowCardinality(String),
    `findings` UInt64,
    `subjects` AggregateFunction(uniq, String),
    `identifiers` AggregateFunction(uniq, String)
)
AS SELECT
    timestamp,
    observer_name,
    rule_id,
    rule_name,
    event_severity_name,
    telltale_verdict,
    telltale_observable_kind,
    network_protocol,
    telltale_service,
    telltale_role,
    telltale_peer_located,
    telltale_peer_registered,
    telltale_peer_operated,
    destination_as_number,
    destination_as_organization_name,
    telltale_policy_id,
    telltale_policy_verdict,
    findings,
    subjects,
    identifiers
FROM findings_1m_buckets
FINAL
ARRAY JOIN
    cells.observer_name AS observer_name,
    cells.rule_id AS rule_id,
    cells.rule_name AS rule_name,
    cells.event_severity_name AS event_severity_name,
    cells.telltale_verdict AS telltale_verdict,
    cells.telltale_observable_kind AS telltale_observable_kind,
    cells.network_protocol AS network_protocol,
    cells.telltale_service AS telltale_service,
    cells.telltale_role AS telltale_role,
    cells.telltale_peer_located AS telltale_peer_located,
    cells.telltale_peer_registered AS telltale_peer_registered,
    cells.telltale_peer_operated AS telltale_peer_operated,
    cells.destination_as_number AS destination_as_number,
    cells.destination_as_organization_name AS destination_as_organization_name,
    cells.telltale_policy_id AS telltale_policy_id,
    cells.telltale_policy_verdict AS telltale_policy_verdict,
    cells.findings AS findings,
    cells.subjects AS subjects,
    cells.identifiers AS identifiers;

CREATE VIEW flows_1h
(
    `timestamp` DateTime('UTC'),
    `observer_name` LowCardinality(String),
    `network_transport` LowCardinality(String),
    `network_protocol` LowCardinality(String),
    `telltale_encryption_verdict` LowCardinality(String),
    `telltale_service` LowCardinality(String),
    `telltale_role` LowCardinality(String),
    `telltale_peer_located` LowCardinality(String),
    `telltale_peer_registered` LowCardinality(String),
    `telltale_peer_operated` LowCardinality(String),
    `destination_as_number` UInt64,
    `destination_as_organization_name` LowCardinality(String),
    `telltale_policy_id` LowCardinality(String),
    `telltale_policy_verdict` LowCardinality(String),
    `records` UInt64,
    `flows` UInt64,
    `source_bytes` UInt64,
    `source_packets` UInt64,
    `destination_bytes` UInt64,
    `destination_packets` UInt64,
    `observables` UInt64,
    `observables_dropped` UInt64
)
AS SELECT
    timestamp,
    observer_name,
    network_transport,
    network_protocol,
    telltale_encryption_verdict,
    telltale_service,
    telltale_role,
    telltale_peer_located,
    telltale_peer_registered,
    telltale_peer_operated,
    destination_as_number,
    destination_as_organization_name,
    telltale_policy_id,
    telltale_policy_verdict,
    records,
    flows,
    source_bytes,
    source_packets,
    destination_bytes,
    destination_packets,
    observables,
    observables_dropped
FROM flows_1h_buckets
FINAL
ARRAY JOIN
    cells.observer_name AS observer_name,
    cells.network_transport AS network_transport,
    cells.network_protocol AS network_protocol,
    cells.telltale_encryption_verdict AS telltale_encryption_verdict,
    cells.telltale_service AS telltale_service,
    cells.telltale_role AS telltale_role,
    cells.telltale_peer_located AS telltale_peer_located,
    cells.telltale_peer_registered AS telltale_peer_registered,
    cells.telltale_peer_operated AS telltale_peer_operated,
    cells.destination_as_number AS destination_as_number,
    cells.destination_as_organization_name AS destination_as_organization_name,
    cells.telltale_policy_id AS telltale_policy_id,
    cells.telltale_policy_verdict AS telltale_policy_verdict,
    cells.records AS records,
    cells.flows AS flows,
    cells.source_bytes AS source_bytes,
    cells.source_packets AS source_packets,
    cells.destination_bytes AS destination_bytes,
    cells.destination_packets AS destination_packets,
    cells.observables AS observables,
    cells.observables_dropped AS observables_dropped;

CREATE VIEW flows_1m
(
    `timestamp` DateTime('UTC'),
    `observer_name` LowCardinality(String),
    `network_transport` LowCardinality(String),
    `network_protocol` LowCardinality(String),
    `telltale_encryption_verdict` LowCardinality(String),
    `telltale_service` LowCardinality(String),
    `telltale_role` LowCardinality(String),
    `telltale_peer_located` LowCardinality(String),
    `telltale_peer_registered` LowCardinality(String),
    `telltale_peer_operated` LowCardinality(String),
    `destination_as_number` UInt64,
    `destination_as_organization_name` LowCardinality(String),
    `telltale_policy_id` LowCardinality(String),
    `telltale_policy_verdict` LowCardinality(String),
    `records` UInt64,
    `flows` UInt64,
    `source_bytes` UInt64,
    `source_packets` UInt64,
    `destination_bytes` UInt64,
    `destination_packets` UInt64,
    `observables` UInt64,
    `observables_dropped` UInt64
)
AS SELECT
    timestamp,
    observer_name,
    network_transport,
    network_protocol,
    telltale_encryption_verdict,
    telltale_service,
    telltale_role,
    telltale_peer_located,
    telltale_peer_registered,
    telltale_peer_operated,
    destination_as_number,
    destination_as_organization_name,
    telltale_policy_id,
    telltale_policy_verdict,
    records,
    flows,
    source_bytes,
    source_packets,
    destination_bytes,
    destination_packets,
    observables,
    observables_dropped
FROM flows_1m_buckets
FINAL
ARRAY JOIN
    cells.observer_name AS observer_name,
    cells.network_transport AS network_transport,
    cells.network_protocol AS network_protocol,
    cells.telltale_encryption_verdict AS telltale_encryption_verdict,
    cells.telltale_service AS telltale_service,
    cells.telltale_role AS telltale_role,
    cells.telltale_peer_located AS telltale_peer_located,
    cells.telltale_peer_registered AS telltale_peer_registered,
    cells.telltale_peer_operated AS telltale_peer_operated,
    cells.destination_as_number AS destination_as_number,
    cells.destination_as_organization_name AS destination_as_organization_name,
    cells.telltale_policy_id AS telltale_policy_id,
    cells.telltale_policy_verdict AS telltale_policy_verdict,
    cells.records AS records,
    cells.flows AS flows,
    cells.source_bytes AS source_bytes,
    cells.source_packets AS source_packets,
    cells.destination_bytes AS destination_bytes,
    cells.destination_packets AS destination_packets,
    cells.observables AS observables,
    cells.observables_dropped AS observables_dropped;
