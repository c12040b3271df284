import { findingFields, findingFlowFields, flowFields, levels, type FieldDefinition } from '#flow';

type Definition = Pick<FieldDefinition, 'type' | 'doc'>;

/** Fields that every finding has; the others are left out of a line when they are absent. */
const required = [
  '@timestamp', 'event.id', 'rule.id', 'rule.name', 'rule.version', 'event.severity_name', 'telltale.verdict',
  'source.ip', 'destination.ip', 'network.transport', 'message',
];

/** JSON Schema (2020-12) of a line of `telltale scan --format ndjson`, from the field table. */
export function findingSchema(): string {
  const definitions: Record<string, Definition> = { ...findingFields };
  for (const name of findingFlowFields) definitions[name] = flowFields[name];
  definitions['telltale.evidence.value'] = { type: 'string', doc: 'The identifier itself; only with `--reveal`, and never stored.' };
  const properties = Object.fromEntries(Object.entries(definitions).map(([name, definition]) => [name, property(name, definition)]));
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Telltale finding',
    description: 'One line of `telltale scan --format ndjson`: a flat object with Elastic Common Schema names. Absent fields are left out.',
    type: 'object',
    required,
    properties,
    additionalProperties: false,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function property(name: string, { type, doc }: Definition): object {
  if (name === 'event.severity_name') return { enum: levels, description: doc };
  if (name === 'telltale.verdict') return { enum: ['violation', 'indeterminate'], description: doc };
  switch (type) {
    case 'micros':
      return { type: 'string', format: 'date-time', description: `${doc} ISO 8601, UTC, with microseconds.` };
    case 'count':
      return { type: 'integer', minimum: 0, description: doc };
    case 'strings':
    case 'observables':
      return { type: 'array', items: { type: 'string' }, description: doc };
    case 'string':
      return { type: 'string', description: doc };
  }
}
