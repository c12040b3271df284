import { createFinding, createFlowRecord, findingFlowFields, type Finding, type FlowRecord, type Level } from '#flow';
import { riskScore } from './linkability.ts';

/** What a detection that is not a Sigma rule puts on its findings. */
export interface DetectionRule {
  /** UUID, as Sigma requires. */
  readonly id: string;
  readonly title: string;
  readonly version: string;
}

export interface ScheduledFinding {
  readonly rule: DetectionRule;
  readonly id: string;
  /** µs */
  readonly time: number;
  /** When the data behind it was stored, µs. */
  readonly created: number;
  readonly level: Level;
  readonly verdict: Finding['telltale.verdict'];
  readonly message: string;
  readonly versions: string;
  /** Fields of the flow, or those that all flows behind it have in common. */
  readonly flow?: Partial<FlowRecord>;
}

const empty = createFlowRecord();

/** A finding based on many flows, or on one whose significance is only known later. */
export function scheduledFinding({ rule, id, time, created, level, verdict, message, versions, flow = {} }: ScheduledFinding): Finding {
  const finding = createFinding(empty);
  for (const name of findingFlowFields) if (flow[name] !== undefined) Object.assign(finding, { [name]: flow[name] });
  finding['event.id'] = id;
  finding['@timestamp'] = time;
  finding['event.created'] = created;
  finding['rule.id'] = rule.id;
  finding['rule.name'] = rule.title;
  finding['rule.version'] = rule.version;
  finding['event.severity_name'] = level;
  finding['event.risk_score'] = riskScore(level, []);
  finding['telltale.verdict'] = verdict;
  finding['telltale.flow.id'] = flow['telltale.flow.id'] ?? '';
  finding['telltale.versions'] = versions;
  finding['message'] = message;
  return finding;
}
