/** Which findings. A list means any of its values, `''` in it means unknown; all conditions must hold. Times in microseconds. */
export interface FindingFilter {
  readonly level?: readonly string[];
  readonly verdict?: readonly string[];
  readonly kind?: readonly string[];
  /** Country in which the peer is located. */
  readonly country?: readonly string[];
  readonly service?: readonly string[];
  /** Rule id. */
  readonly rule?: readonly string[];
  /** Address of the monitored endpoint. */
  readonly subject?: string;
  /** Token of an identifier. */
  readonly token?: string;
  readonly flow?: string;
  /** Part of the sentence, name, address, path, mask or file; case does not matter. */
  readonly text?: string;
  /** From this time on, and before that one. */
  readonly from?: number;
  readonly to?: number;
}

const conditions: Readonly<Record<keyof FindingFilter, string>> = {
  level: 'event_severity_name IN {level:Array(String)}',
  verdict: 'telltale_verdict IN {verdict:Array(String)}',
  kind: 'telltale_observable_kind IN {kind:Array(String)}',
  country: 'telltale_peer_located IN {country:Array(String)}',
  service: 'telltale_service IN {service:Array(String)}',
  rule: 'rule_id IN {rule:Array(String)}',
  subject: 'telltale_subject_ip = {subject:String}',
  token: 'telltale_observable_token = {token:String}',
  flow: 'telltale_flow_id = {flow:String}',
  text: `positionCaseInsensitiveUTF8(concatWithSeparator(' ', message, rule_name, destination_domain, source_ip, destination_ip,
    destination_as_organization_name, telltale_observable_path, telltale_observable_mask, telltale_evidence_file, event_id), {text:String}) > 0`,
  from: 'timestamp >= fromUnixTimestamp64Micro({from:Int64})',
  to: 'timestamp < fromUnixTimestamp64Micro({to:Int64})',
};

/** A filter's conditions, each as an expression. */
export function conditionsOf(filter: FindingFilter): Partial<Record<keyof FindingFilter, string>> {
  return Object.fromEntries(Object.entries(conditions).filter(([name]) => filter[name as keyof FindingFilter] !== undefined));
}

/** The `WHERE` of a filter; empty when it has no condition. */
export function where(filter: FindingFilter): string {
  return allOf(Object.values(conditionsOf(filter)));
}

/** A `WHERE` for which all conditions must hold; empty when there are none. */
export function allOf(all: readonly string[]): string {
  return all.length === 0 ? '' : `WHERE ${all.join(' AND ')}`;
}

/** What the conditions refer to. */
export function parametersOf(filter: FindingFilter): Record<string, unknown> {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
