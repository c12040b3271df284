import { parse } from 'yaml';
import type { ConfigurationProblem } from './configuration-problem.ts';
import type { Option, JsonSchema } from './options.ts';
import { sectionNames } from './sections.ts';
import { suggestion } from './suggestion.ts';

/** An option set by a variable. */
export interface EnvironmentValue {
  readonly variable: string;
  readonly option: Option;
  readonly value: unknown;
}

/** Reads the variables of `options`. A variable that begins with `TELLTALE_` but sets no option is a problem, unless another service reads it. */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>, options: readonly Option[],
): { values: EnvironmentValue[]; problems: ConfigurationProblem[] } {
  const values: EnvironmentValue[] = [];
  for (const option of options) {
    const variable = option.variables.find((name) => environment[name]);
    if (variable) values.push({ variable, option, value: coerce(environment[variable] ?? '', option.schema) });
  }
  const known = options.flatMap((option) => option.variables);
  const problems = Object.keys(environment).filter((name) => environment[name] && isUnknown(name, options)).map((name) => ({
    option: '', where: `environment variable ${name}`, message: 'no option has this name', remedy: suggestion(name, known),
  }));
  return { values, problems };
}

/** Read by the command line itself. */
const notOptions = ['TELLTALE_CONFIG', 'TELLTALE_DEBUG'];

function isUnknown(name: string, options: readonly Option[]): boolean {
  if (!name.startsWith('TELLTALE_') || notOptions.includes(name) || name.startsWith('TELLTALE_TEST_')) return false;
  if (options.some((option) => option.variables.includes(name))) return false;
  const section = sectionNames.find((candidate) => name.startsWith(`TELLTALE_${candidate.toUpperCase()}_`));
  return section === undefined || options.some((option) => option.path[0] === section);
}

/** Converts the text of a variable to the type in the schema. Text that does not fit is left for the schema to reject. */
function coerce(text: string, schema: JsonSchema): unknown {
  switch (schema.type) {
    case 'integer':
    case 'number': return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    case 'boolean': return text === 'true' ? true : text === 'false' ? false : text;
    case 'array': return /^\s*\[/.test(text) ? structured(text) : text.split(',').map((item) => item.trim()).filter((item) => item !== '');
    case 'object': return structured(text);
    default: return text;
  }
}

function structured(text: string): unknown {
  try {
    return parse(text, { prettyErrors: false });
  } catch {
    return text;
  }
}
