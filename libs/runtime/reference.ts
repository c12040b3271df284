import type { z } from 'zod';
import { describeSchema, optionsOf, shapesOf, type JsonSchema, type Option } from './options.ts';

export interface ConfiguredService {
  readonly name: string;
  readonly schema: z.ZodType;
}

const introduction = `# Configuration

Generated from the services' schemas; a test compares the two.

A service reads its configuration once, when it starts: first from the environment, then from the YAML file that \`--config FILE\` or
\`TELLTALE_CONFIG\` names, then the defaults below. The variable of an option is its name in capitals with \`TELLTALE_\` before it:
\`kafka.brokers\` is \`TELLTALE_KAFKA_BROKERS\`, \`alerter.groupWait\` is \`TELLTALE_ALERTER_GROUP_WAIT\`. Lists are separated by commas;
lists of objects are written as JSON.

Unknown names are refused. One file, or one environment, may serve all services: each skips the sections of the others.
Values marked *secret* appear in no log line and no error.
`;

/** docs/configuration.md: all options of all services, with meaning, default and variable. */
export function renderConfigurationReference(services: readonly ConfiguredService[]): string {
  return [introduction, ...services.map(renderService)].join('\n');
}

function renderService({ name, schema }: ConfiguredService): string {
  const described = describeSchema(schema);
  const options = optionsOf(described);
  const lists = options.filter(({ schema: { items } }) => shapesOf(items).some((shape) => shape.properties));
  return [
    `## ${name}\n`,
    '| option | variable | default | meaning |', '| --- | --- | --- | --- |',
    ...options.map((option) => row(
      code(option.path.join('.')), option.variables.map(code).join(', '), defaultOf(option.schema, requirementOf(described, option)),
      meaningOf(option.schema),
    )),
    '',
    ...lists.map(renderItems),
  ].join('\n');
}

/** Tables of the objects in a list, one for each variant. */
function renderItems({ path, schema }: Option): string {
  return shapesOf(schema.items).map((shape) => {
    const kind = shape.properties?.['type']?.const;
    const rows = Object.entries(shape.properties ?? {}).filter(([key]) => kind === undefined || key !== 'type')
      .map(([key, property]) => row(code(key), defaultOf(property, shape.required?.includes(key) ? '*required*' : ''), meaningOf(property)));
    const title = `Each of \`${path.join('.')}\`${kind === undefined ? '' : ` with \`type: ${String(kind)}\``}:`;
    return [
      `${title}${shape.description ? ` ${shape.description}` : ''}\n`, '| key | default | meaning |', '| --- | --- | --- |', ...rows, '',
    ].join('\n');
  }).join('\n');
}

/** `*required*`; for options of an optional section, only with that section. */
function requirementOf(schema: JsonSchema, { path }: Option): string {
  let section: JsonSchema | undefined = schema;
  let optional = '';
  for (const [depth, key] of path.slice(0, -1).entries()) {
    const property: JsonSchema | undefined = section?.properties?.[key];
    if (!section?.required?.includes(key) && property?.default === undefined) optional = path.slice(0, depth + 1).join('.');
    section = property;
  }
  if (!section?.required?.includes(path.at(-1) ?? '')) return '';
  return optional ? `*required with \`${optional}\`*` : '*required*';
}

function defaultOf({ default: value }: JsonSchema, requirement: string): string {
  if (value === undefined) return requirement;
  if (typeof value === 'string') return code(value);
  return code(Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string') ? value.join(',') : JSON.stringify(value));
}

function meaningOf(schema: JsonSchema): string {
  const choice = schema.enum ? ` One of ${schema.enum.map((value) => code(String(value))).join(', ')}.` : '';
  return `${(schema.description ?? '').replaceAll('|', '\\|')}${choice}${schema.secret ? ' *Secret.*' : ''}`;
}

const row = (...cells: string[]) => `| ${cells.join(' | ')} |`;
const code = (text: string) => `\`${text}\``;
