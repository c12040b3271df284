import { findingFields, findingFlowFields, flowFields, type Finding } from '#flow';

const types: Record<string, { type: string }> = {
  ...findingFields,
  ...Object.fromEntries(findingFlowFields.map((name) => [name, flowFields[name]])),
};

/** ISO 8601 in UTC with microseconds: `2026-04-03T12:00:00.000123Z`. */
export function isoMicros(micros: number): string {
  const milliseconds = Math.floor(micros / 1000);
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${String(micros - milliseconds * 1000).padStart(3, '0')}Z`;
}

/** Characters that JSON does not escape but a terminal obeys: DEL, C1 controls (U+009B begins an escape sequence), and changes of direction. */
const unprintable = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A finding as one line of JSON, as described by docs/finding.schema.json: absent fields are left out. `value` is given only with --reveal. */
export function findingLine(finding: Finding, value?: string): string {
  const object: Record<string, unknown> = {};
  for (const [name, content] of Object.entries(finding)) {
    if (content === '' || content === 0 || (Array.isArray(content) && content.length === 0)) continue;
    object[name] = types[name]?.type === 'micros' ? isoMicros(content as number) : content;
  }
  if (value !== undefined) object['telltale.evidence.value'] = value;
  return JSON.stringify(object).replace(unprintable, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
