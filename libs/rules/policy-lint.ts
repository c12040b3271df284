import { Cidr, dimensions, formatProblem, LocatedError, type Dimension, type Problem } from '#geo';
import { endOfDay, startOfDay } from './dates.ts';
import type { Jurisdictions, Membership } from './jurisdictions.ts';
import { readPolicy, type PolicyContext, type PolicyFile } from './policy.ts';

export interface LintContext extends PolicyContext {
  /** Today, in UTC: `2026-08-01`. Policies that ended before it have expired. */
  day: string;
  /** Roles that the catalogue gives to endpoints of a service. */
  rolesOf(service: string): ReadonlySet<string>;
  /** Every tag of the inventory; undefined: there is no inventory. */
  tags: ReadonlySet<string> | undefined;
}

type Path = readonly PropertyKey[];

/**
 * Everything that is wrong or doubtful about a set of policies: errors that keep one from being loaded, and as warnings contradictions
 * between them, entries that can never decide anything, and what has expired.
 */
export function lintPolicies(texts: readonly { name: string; text: string }[], context: LintContext): Problem[] {
  const problems: Problem[] = [];
  const files: PolicyFile[] = [];
  for (const { name, text } of texts) {
    try {
      files.push(readPolicy(text, name, context));
    } catch (error) {
      if (!(error instanceof LocatedError)) throw error;
      problems.push(...error.problems);
    }
  }
  for (const [i, file] of files.entries()) {
    const warn = (path: Path, code: string, message: string): void => {
      problems.push({ file: file.file, ...file.place(path), severity: 'warning', code, message });
    };
    lintDates(file, context, warn);
    lintSubjects(file, context, warn);
    lintRoles(file, context, warn);
    for (const dimension of dimensions) lintCountries(file, dimension, context, warn);
    if (file.definition.owner === undefined) warn(['id'], 'no-owner', 'nobody is named to answer for the policy: add "owner"');
    for (const other of files.slice(0, i)) {
      if (other.definition.id === file.definition.id) {
        problems.push({ file: file.file, ...file.place(['id']), severity: 'error', code: 'duplicate', message: `${other.file} has the same id` });
      }
    }
    for (const other of files) if (other !== file) lintAgainst(file, other, context.jurisdictions, warn);
  }
  return problems.toSorted((a, b) => (a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1));
}

type Warn = (path: Path, code: string, message: string) => void;

function lintDates({ definition: { valid_from: from, valid_to: to } }: PolicyFile, { day }: LintContext, warn: Warn): void {
  if (to !== undefined && to < day) warn(['valid_to'], 'expired', `the policy ended on ${to}`);
  if (from !== undefined && from > day) warn(['valid_from'], 'not-yet-valid', `the policy begins on ${from}`);
}

function lintSubjects({ definition: { subjects } }: PolicyFile, { tags }: LintContext, warn: Warn): void {
  const blocks = (subjects?.cidr ?? []).map((text) => Cidr.parse(text)!);
  for (const [i, text] of (subjects?.not_cidr ?? []).entries()) {
    const exempt = Cidr.parse(text)!;
    if (blocks.length > 0 && !blocks.some((block) => touches(block, exempt))) {
      warn(['subjects', 'not_cidr', i], 'unreachable', `${text} is outside every block of "cidr", so that there is nothing to exempt`);
    }
  }
  for (const [i, block] of blocks.entries()) {
    const holder = subjects!.not_cidr?.find((text) => holds(Cidr.parse(text)!, block));
    if (holder !== undefined) warn(['subjects', 'cidr', i], 'unreachable', `all of ${subjects!.cidr![i]} is exempted by ${holder}`);
    const wider = blocks.findIndex((other, j) => j !== i && holds(other, block) && (!holds(block, other) || j < i));
    if (wider >= 0) warn(['subjects', 'cidr', i], 'redundant', `${subjects!.cidr![i]} is part of ${subjects!.cidr![wider]}`);
  }
  for (const [key, values] of Object.entries(subjects?.tags ?? {})) {
    if (tags === undefined)
      warn(['subjects', 'tags', key], 'no-inventory', 'there is no inventory, so that no subject has a tag and the policy applies to nobody');
    else if (key !== 'residency') {
      for (const [i, value] of values.entries()) {
        if (!tags.has(`${key}=${value}`)) warn(['subjects', 'tags', key, i], 'unreachable', `the inventory gives ${key}=${value} to nobody`);
      }
    }
  }
}

function lintRoles({ definition: { services, roles } }: PolicyFile, { rolesOf }: LintContext, warn: Warn): void {
  if (!services) return;
  const played = new Set(services.flatMap((service) => [...rolesOf(service)]));
  for (const [i, role] of (roles ?? []).entries()) {
    if (!played.has(role))
      warn(
        ['roles', i],
        'unreachable',
        `the catalogue knows no endpoint of ${services.length === 1 ? services[0] : 'these services'} with the role ${role}`,
      );
  }
  for (const [i, service] of services.entries()) {
    if (roles && ![...rolesOf(service)].some((role) => (roles as readonly string[]).includes(role))) {
      warn(['services', i], 'unreachable', `the catalogue knows no endpoint of ${service} with one of these roles`);
    }
  }
}

function lintCountries({ definition }: PolicyFile, dimension: Dimension, { jurisdictions }: LintContext, warn: Warn): void {
  const { deny, allow } = definition;
  if (deny?.[dimension] && allow?.[dimension]) {
    warn(['deny', dimension], 'unreachable', `the entry has no effect: "allow" already names the only countries that are allowed as ${dimension}`);
  }
  const span = {
    from: definition.valid_from ? startOfDay(definition.valid_from) : -Infinity,
    to: definition.valid_to ? endOfDay(definition.valid_to) : Infinity,
  };
  for (const list of ['deny', 'allow'] as const) {
    const entries = (definition[list]?.[dimension] ?? []).map((name) => ({ name, members: jurisdictions.resolve(name) ?? [] }));
    for (const [i, { name, members }] of entries.entries()) {
      const path = [list, dimension, i];
      if (members.every(({ from, to }) => to < span.from || from > span.to)) {
        warn(path, 'expired', `${name} has no members while the policy is valid`);
        continue;
      }
      const cover = entries.find((other, j) => j !== i && covers(other.members, members) && (!covers(members, other.members) || j < i));
      if (cover) warn(path, 'redundant', `${name} is part of ${cover.name}`);
    }
  }
}

/** Warns of a country that one policy allows by name and another denies, for the same traffic. */
function lintAgainst(file: PolicyFile, other: PolicyFile, jurisdictions: Jurisdictions, warn: Warn): void {
  const [a, b] = [file.definition, other.definition];
  const sameServices = !a.services || !b.services || a.services.some((name) => b.services!.some((one) => one.toLowerCase() === name.toLowerCase()));
  const sameRoles = !a.roles || !b.roles || a.roles.some((role) => b.roles!.includes(role));
  const sameTime = (a.valid_from ?? '') <= (b.valid_to ?? '9999') && (b.valid_from ?? '') <= (a.valid_to ?? '9999');
  if (!sameServices || !sameRoles || !sameTime) return;
  for (const dimension of dimensions) {
    const denied = (b.deny?.[dimension] ?? []).flatMap((name) => jurisdictions.resolve(name) ?? []);
    for (const [i, name] of (a.allow?.[dimension] ?? []).entries()) {
      const both = (jurisdictions.resolve(name) ?? []).filter((member) =>
        denied.some((one) => one.country === member.country && one.from <= member.to && member.from <= one.to),
      );
      if (both.length > 0) {
        const list = [...new Set(both.map(({ country }) => country))].join(', ');
        warn(
          ['allow', dimension, i],
          'contradiction',
          `${list}: allowed as ${dimension} here, denied by policy ${b.id} for the same traffic; the stricter one wins`,
        );
      }
    }
  }
}

function covers(wide: readonly Membership[], narrow: readonly Membership[]): boolean {
  return narrow.every((member) =>
    wide.some(
      (one) =>
        one.country === member.country &&
        one.from <= member.from &&
        one.to >= member.to &&
        (one.condition === '' || one.condition === member.condition),
    ),
  );
}

function holds(wide: Cidr, narrow: Cidr): boolean {
  return wide.family === narrow.family && wide.first <= narrow.first && wide.last >= narrow.last;
}

function touches(a: Cidr, b: Cidr): boolean {
  return holds(a, b) || holds(b, a);
}

/** The problems as lines, as compilers print them. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map((problem) => `${formatProblem(problem)}\n`).join('');
}
