import { createFlowRecord, flowId, recordId, type Finding, type FlowRecord } from '#flow';
import type { Store } from '#store';
import type { ScheduledDetection } from './scheduled-detections.ts';

/** 2026-03-02T12:00:00Z in µs. */
export const noon = Date.UTC(2026, 2, 2, 12) * 1000;
export const second = 1_000_000;
export const hour = 3_600_000_000;
export const day = 24 * hour;

/** The only record of a flow of a service: three packets each way unless `fields` say otherwise. */
export function serviceFlow(start: number, fields: Partial<FlowRecord> = {}): FlowRecord {
  const record = Object.assign(createFlowRecord(), {
    '@timestamp': start, 'event.start': start, 'event.created': start, 'observer.name': 'berlin', 'telltale.flow.state': 'end',
    'telltale.flow.end_reason': 'timeout',
    'source.ip': '10.0.0.5', 'source.port': 40_000, 'destination.ip': '192.0.2.1', 'destination.port': 8801, 'telltale.subject.ip': '10.0.0.5',
    'network.transport': 'udp', 'network.protocol': 'rtp', 'source.packets': 3, 'source.bytes': 300, 'destination.packets': 3,
    'destination.bytes': 300,
    'telltale.service': 'Zoom', 'telltale.role': 'media', 'telltale.peer.located': 'US', 'telltale.peer.operated': 'US',
    'destination.as.number': 30103,
    'destination.as.organization.name': 'Zoom Video Communications, Inc', 'telltale.evidence.file': 'en0', 'telltale.evidence.frame': 1,
  } satisfies Partial<FlowRecord>, fields);
  record['telltale.peer.ip'] = record['destination.ip'];
  record['telltale.flow.id'] = flowId(
    record['observer.name'],
    `${record['telltale.subject.ip']} ${record['destination.ip']} ${record['source.port']}`,
    start,
  );
  record['event.id'] = recordId(record['telltale.flow.id'], 0);
  return record;
}

/** Findings of one run over everything stored. */
export async function runOnce(store: Store, detection: ScheduledDetection): Promise<Finding[]> {
  await store.refreshRollups();
  const findings: Finding[] = [];
  for await (const batch of detection.detect((sql, params) => store.query(sql, params), { since: 0, now: noon })) findings.push(...batch);
  return findings;
}
