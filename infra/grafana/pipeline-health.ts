import { buildDashboard } from './dashboard.ts';
import { gauge, undecidedThresholds, unit, width } from './columns.ts';
import { stat, table, timeSeries } from './panels.ts';
import { chosen, named, undecidedShare } from './sql.ts';
import { probeVariable } from './variables.ts';

/** Records and findings that were stored in the time range: health is a matter of the wall clock, whatever the packets' age. */
const stored = (table: 'flows' | 'findings') => `FROM ${table} FINAL
WHERE $__timeFilter(ingested_at) AND ${chosen('observer_name', 'probe')}`;

const storedPer = '$__timeInterval(ingested_at)';

/** Seconds from the packet at the probe to the row in the store. This works for replays too, since both are wall-clock times. */
const delay = "dateDiff('millisecond', event_created, ingested_at) / 1000";

export const pipelineHealth = () =>
  buildDashboard({
    uid: 'telltale-health',
    title: 'Telltale: pipeline health',
    description:
      'Whether the other dashboards can be trusted: what arrives, how late, what is missing, what was not understood. Queues '
        + 'and consumer lag are metrics of the services: docs/operations.md.',
    variables: [probeVariable],
    rows: [
      {
        panels: [
          stat({
            title: 'How many records arrived?',
            width: 5,
            height: 4,
            description: 'Flow records stored in this time range; a replayed one counts once.',
            sql: `SELECT count() AS records ${stored('flows')}`,
          }),
          stat({
            title: 'How late are they?',
            width: 5,
            height: 4,
            unit: 's',
            thresholds: [
              [0, 'green'],
              [30, 'yellow'],
              [120, 'red'],
            ],
            description: 'Time from the probe reading the packet to the record being stored: 95 % of records take less.',
            sql: `SELECT quantile(0.95)(${delay}) AS delay ${stored('flows')}`,
          }),
          stat({
            title: 'How many records are missing?',
            width: 5,
            height: 4,
            thresholds: [
              [0, 'green'],
              [1, 'red'],
            ],
            description:
              'The records of a flow are numbered; this counts gaps between those stored in this time range. Anything but 0 is lost, or '
                + 'still on its way.',
            sql: `SELECT sum(missing) AS missing FROM (
  SELECT max(telltale_flow_sequence) - min(telltale_flow_sequence) + 1 - uniqExact(telltale_flow_sequence) AS missing
  ${stored('flows')}
  GROUP BY telltale_flow_id
)`,
          }),
          stat({
            title: 'How many identifiers were dropped?',
            width: 5,
            height: 4,
            thresholds: [
              [0, 'green'],
              [1, 'orange'],
            ],
            description: 'Identifiers that the probe recognised but did not list, because of the bound per record.',
            sql: `SELECT sum(telltale_observables_dropped) AS dropped ${stored('flows')}`,
          }),
          stat({
            title: 'What share is undecided?',
            width: 4,
            height: 4,
            unit: 'percentunit',
            thresholds: undecidedThresholds,
            description: 'Findings with verdict indeterminate.',
            sql: `SELECT ${undecidedShare} ${stored('findings')}`,
          }),
        ],
      },
      {
        title: 'What arrives, and when',
        panels: [
          timeSeries({
            title: 'How many records does each probe deliver?',
            width: 12,
            height: 8,
            style: 'lines',
            unit: 'recps',
            seriesName: '${__field.labels.probe}',
            description: 'Flow records stored per second. Where a line ends, a probe has fallen silent.',
            sql: `SELECT ${storedPer} AS time, ${named('observer_name')} AS probe, count() / $__interval_s AS records
${stored('flows')}
GROUP BY time, probe ORDER BY time, probe`,
          }),
          timeSeries({
            title: 'How long does a record take to reach the store?',
            width: 12,
            height: 8,
            style: 'lines',
            unit: 's',
            description: 'From the probe reading the packet to the record being stored: half, 95 % and 99 % of the records take less.',
            sql: `SELECT ${storedPer} AS time, quantile(0.5)(${delay}) AS "50 %", quantile(0.95)(${delay}) AS "95 %",
  quantile(0.99)(${delay}) AS "99 %"
${stored('flows')}
GROUP BY time ORDER BY time`,
          }),
          table({
            title: 'Is each probe still there?',
            width: 24,
            height: 8,
            description:
              'Last record of each probe that was ever seen, longest silent first. A negative delay means that the clock of the probe is ahead.',
            columns: {
              Probe: [width(180)],
              'Silent for': [unit('s'), width(130)],
              'Last stored': [width(180)],
              Records: [...gauge('blue'), width(150)],
              'Smallest delay': [unit('s'), width(130)],
            },
            sql: `SELECT ${named('observer_name')} AS "Probe", dateDiff('second', max(ingested_at), now()) AS "Silent for",
  max(ingested_at) AS "Last stored", count() AS "Records",
  uniq(telltale_flow_id) AS "Flows", min(${delay}) AS "Smallest delay", max(timestamp) AS "Newest packet"
FROM flows FINAL
GROUP BY observer_name ORDER BY "Silent for" DESC`,
          }),
        ],
      },
      {
        title: 'What was not understood',
        panels: [
          timeSeries({
            title: 'What share of records is a blind spot?',
            width: 12,
            height: 8,
            style: 'lines',
            unit: 'percentunit',
            description:
              'Opaque: the structure of the payload is unknown. No location, no service: the peer is in no table. A rule that needs the '
                + 'answer gives indeterminate.',
            sql: `SELECT ${storedPer} AS time, countIf(telltale_encryption_verdict = 'opaque') / count() AS "opaque payload",
  countIf(telltale_peer_located = '') / count() AS "no location", countIf(telltale_service = '') / count() AS "no known service"
${stored('flows')}
GROUP BY time ORDER BY time`,
          }),
          table({
            title: 'Which traffic is not understood?',
            width: 12,
            height: 8,
            description:
              'Protocols and ports with opaque payload or without a located peer, most bytes first: candidates for a dissector or another table.',
            columns: { Port: [width(90)], Transport: [width(100)], Bytes: [...gauge('purple'), unit('bytes'), width(130)] },
            sql: `SELECT destination_port AS "Port", network_transport AS "Transport", ${named('network_protocol')} AS "Protocol",
  countIf(telltale_encryption_verdict = 'opaque') AS "Opaque",
  countIf(telltale_peer_located = '') AS "No location", sum(source_bytes + destination_bytes) AS "Bytes"
${stored('flows')} AND (telltale_encryption_verdict = 'opaque' OR telltale_peer_located = '')
GROUP BY destination_port, network_transport, network_protocol ORDER BY "Bytes" DESC LIMIT 50`,
          }),
        ],
      },
      {
        title: 'Store',
        panels: [
          table({
            title: 'How much is stored?',
            width: 12,
            height: 8,
            description: 'Rows and bytes on disk per table, replayed rows included until ClickHouse merges them away.',
            columns: {
              Table: [width(180)],
              Rows: [...gauge('blue'), width(150)],
              'On disk': [unit('bytes'), width(110)],
              Uncompressed: [unit('bytes'), width(120)],
            },
            sql: `SELECT table AS "Table", sum(rows) AS "Rows", sum(bytes_on_disk) AS "On disk",
  sum(data_uncompressed_bytes) AS "Uncompressed", count() AS "Parts", max(modification_time) AS "Last written"
FROM system.parts WHERE active AND database = currentDatabase()
GROUP BY table ORDER BY "Rows" DESC`,
          }),
          table({
            title: 'Are the rollups current?',
            width: 12,
            height: 8,
            description:
              'Newest row of a table and of the rollups made from it. A rollup that stays behind by more than a few minutes is not being recomputed.',
            columns: { Table: [width(180)], 'Newest packet': [width(180)], Computed: [width(180)] },
            sql: `SELECT table AS "Table", newest AS "Newest packet", computed AS "Computed" FROM (
  SELECT 'flows' AS table, max(timestamp) AS newest, max(ingested_at) AS computed, 1 AS position FROM flows
  UNION ALL SELECT 'flows_1m', max(timestamp), max(computed_at), 2 FROM flows_1m_buckets
  UNION ALL SELECT 'flows_1h', max(timestamp), max(computed_at), 3 FROM flows_1h_buckets
  UNION ALL SELECT 'findings', max(timestamp), max(ingested_at), 4 FROM findings
  UNION ALL SELECT 'findings_1m', max(timestamp), max(computed_at), 5 FROM findings_1m_buckets
  UNION ALL SELECT 'findings_1h', max(timestamp), max(computed_at), 6 FROM findings_1h_buckets
)
ORDER BY position`,
          }),
          table({
            title: 'Which rules and tables are in use?',
            width: 24,
            height: 7,
            description:
              'Versions of rule pack, policy, catalogue and location tables that produced the findings of this time range. Two at once '
                + 'mean an update under way, or a detector that missed it.',
            columns: { Findings: [...gauge('blue'), width(150)], 'First stored': [width(180)], 'Last stored': [width(180)] },
            sql: `SELECT telltale_versions AS "Versions", count() AS "Findings", uniqExact(rule_id) AS "Rules that fired",
  min(ingested_at) AS "First stored", max(ingested_at) AS "Last stored"
${stored('findings')}
GROUP BY telltale_versions ORDER BY "Last stored" DESC LIMIT 20`,
          }),
        ],
      },
    ],
  });
