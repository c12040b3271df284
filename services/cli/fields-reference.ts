import { columnOf, findingFields, flowFields, type FieldDefinition } from '#flow';

/** docs/fields.md, from the field table. */
export function fieldsReference(): string {
  const observable: [string, string][] = [
    ['telltale.observable.kind', 'Kind of identifier, from the catalogue.'],
    ['telltale.observable.path', 'Where it was, such as `url.query.uid` or `udp.payload@12`.'],
    ['telltale.observable.encoding', 'Encodings around it, outermost first, joined by `>`.'],
    ['telltale.observable.visibility', '`cleartext`, or `inspected` where only the company\'s own inspection can read it.'],
    ['telltale.observable.confidence', 'Confidence in the kind, percent.'],
    ['telltale.observable.sender', '`source` or `destination`: who sent it.'],
    ['telltale.observable.watchlist', 'Watchlist that holds the value.'],
  ];
  return `# Fields

Generated from the field table in \`libs/flow/fields.ts\` by \`npm run generate\`. Names are those of rules, of \`telltale scan --format ndjson\` and,
with dots as underscores, of ClickHouse columns. An absent field holds \`''\`, \`0\` or \`[]\` in the store and is left out of ndjson.

## Flow records

${table(Object.entries(flowFields))}

In rules, these fields match one observable of a record at a time:

| field | meaning |
| --- | --- |
${observable.map(([name, doc]) => `| \`${name}\` | ${doc} |`).join('\n')}

## Findings

A finding has these fields, and those of its flow that describe it (addresses, names, jurisdictions, service, policy, evidence).

${table(Object.entries(findingFields))}
`;
}

function table(entries: [string, Omit<FieldDefinition, 'by'> & { by?: string }][]): string {
  const withSource = entries.some(([, { by }]) => by !== undefined);
  const header = withSource ? ['field', 'column', 'type', 'filled by', 'meaning'] : ['field', 'column', 'type', 'meaning'];
  const rows = entries.map(([name, { type, by, doc }]) => [`\`${name}\``, `\`${columnOf(name)}\``, type, ...(withSource ? [by ?? ''] : []), doc]);
  return [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
