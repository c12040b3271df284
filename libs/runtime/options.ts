import { z } from 'zod';

/** A configuration option: a leaf of a service's schema. */
export interface Option {
  /** Keys from the top of the file: `['kafka', 'brokers']`. */
  readonly path: readonly string[];
  /** Environment variables that set it, in order of precedence: `TELLTALE_KAFKA_BROKERS`. */
  readonly variables: readonly string[];
  readonly schema: JsonSchema;
}

/** The part of JSON Schema (draft 2020-12) that zod emits for configurations, with our own `variable` and `secret`. */
export interface JsonSchema {
  /** Shown instead of a default that depends on the machine. */
  readonly defaultText?: string;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  /** An additional environment variable, for names that other tools use as well. */
  readonly variable?: string;
  /** Never shown, neither in logs nor in errors. */
  readonly secret?: boolean;
}

/** The schema as plain data, from which environment names, reference documentation and redaction are derived. */
export function describeSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

/** All options of a schema, in order of definition. */
export function optionsOf(schema: JsonSchema): Option[] {
  const options = [...leaves(schema, [])];
  const owners = new Map<string, Option>();
  for (const option of options) {
    for (const variable of option.variables) {
      const owner = owners.get(variable);
      if (owner) throw new Error(`${variable} would set both ${owner.path.join('.')} and ${option.path.join('.')}: rename one in the schema`);
      owners.set(variable, option);
    }
  }
  return options;
}

function* leaves(schema: JsonSchema, path: readonly string[]): Generator<Option> {
  if (schema.properties && path.length < 8) {
    for (const [key, property] of Object.entries(schema.properties)) yield* leaves(property, [...path, key]);
    return;
  }
  const own = `TELLTALE_${path.map(snake).join('_').toUpperCase()}`;
  yield { path, variables: schema.variable ? [own, schema.variable] : [own], schema };
}

/** `groupWait` becomes `group_wait`. */
function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * All secrets in a configuration: values marked `secret`, and the password of every URL, both as written and percent-decoded, so that redaction finds
 * either.
 */
export function secretsOf(schema: z.ZodType, configuration: unknown): string[] {
  const found = new Set<string>();
  collectSecrets(describeSchema(schema), configuration, found);
  found.delete('');
  return [...found];
}

function collectSecrets(schema: JsonSchema | undefined, value: unknown, found: Set<string>): void {
  if (typeof value === 'string') {
    if (schema?.secret) found.add(value);
    const password = URL.parse(value)?.password ?? '';
    found.add(password).add(percentDecoded(password));
  } else if (Array.isArray(value)) {
    for (const item of value) collectSecrets(schema?.items, item, found);
  } else if (value && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      for (const shape of shapesOf(schema)) collectSecrets(shape.properties?.[key], item, found);
    }
  }
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The object shapes that a schema allows: itself, or each variant of a union. */
export function shapesOf(schema: JsonSchema | undefined): readonly JsonSchema[] {
  return schema ? (schema.oneOf ?? schema.anyOf ?? [schema]) : [];
}
