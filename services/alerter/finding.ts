import { createFinding, createFlowRecord, type Finding } from '#flow';

const empty = createFinding(createFlowRecord());

/**
 * A finding as it was read from the log. A field that an older detector did not know has its zero value.
 * `undefined`: this is no finding, or a field has the wrong type.
 */
export function readFinding(value: unknown): Finding | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const finding: Record<string, unknown> = { ...empty };
  for (const [name, zero] of Object.entries(empty)) {
    const field = (value as Record<string, unknown>)[name];
    if (field === undefined) continue;
    if (!isOfType(field, zero)) return undefined;
    finding[name] = field;
  }
  return finding['event.id'] !== '' && finding['rule.id'] !== '' ? (finding as Finding) : undefined;
}

function isOfType(value: unknown, zero: unknown): boolean {
  if (Array.isArray(zero)) return Array.isArray(value) && value.every((item) => typeof item === 'string');
  return typeof zero === 'number' ? Number.isSafeInteger(value) && (value as number) >= 0 : typeof value === 'string';
}
