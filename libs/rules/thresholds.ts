import { dimensions, LocatedError, readYaml, type Dimension, type Problem } from '#geo';
import { levels, type Level } from '#flow';
import { z } from 'zod';
import type { Jurisdictions, Membership } from './jurisdictions.ts';

const names = z.array(z.string().min(1)).min(1);
const schema = z.strictObject({
  version: z.string().min(1),
  thresholds: z.array(z.strictObject({
    id: z.uuid('expected a UUID'),
    title: z.string().min(1),
    level: z.enum(levels),
    references: z.array(z.string()).optional(),
    jurisdictions: names,
    dimensions: z.array(z.enum(dimensions)).min(1),
    kinds: names.optional(),
    data_classes: names.optional(),
    linked: z.boolean().default(false),
    count: z.enum(['identifiers', 'subjects']),
    more_than: z.int().min(0),
    days: z.int().min(1).max(400),
  }).refine(({ kinds, data_classes }) => kinds !== undefined || data_classes !== undefined, 'a threshold needs "kinds" or "data_classes"')),
});

/** A bound on how many distinct identifiers, or subjects, may be disclosed to peers in a jurisdiction within a number of days. */
export interface Threshold {
  readonly id: string;
  readonly title: string;
  readonly level: Level;
  /** Names of the jurisdictions, as written. */
  readonly jurisdictions: readonly string[];
  readonly members: readonly Membership[];
  /** A peer is in the jurisdiction if any of these dimensions says so. */
  readonly dimensions: readonly Dimension[];
  readonly kinds: readonly string[];
  /** Counts only identifiers that were seen together with one of another kind in the same flow. */
  readonly linked: boolean;
  readonly count: 'identifiers' | 'subjects';
  readonly moreThan: number;
  readonly days: number;
}

export interface Thresholds {
  readonly version: string;
  readonly thresholds: readonly Threshold[];
}

export interface ThresholdContext {
  jurisdictions: Jurisdictions;
  /** Data class of each kind of the identifier catalogue. */
  kinds: ReadonlyMap<string, string>;
}

/** Reads a file such as thresholds.yaml. Throws LocatedError with all problems. */
export function parseThresholds(text: string, file: string, { jurisdictions, kinds }: ThresholdContext): Thresholds {
  const { value, place } = readYaml(schema, text, file);
  const problems: Problem[] = [];
  const report = (path: PropertyKey[], code: string, message: string): void => {
    problems.push({ file, ...place(['thresholds', ...path]), severity: 'error', code, message });
  };
  const ids = new Set<string>();
  const thresholds = value.thresholds.map((written, i): Threshold => {
    if (ids.has(written.id)) report([i, 'id'], 'duplicate', `another threshold has the id ${written.id} as well`);
    ids.add(written.id);
    const members = written.jurisdictions.flatMap((name, n) => {
      const resolved = jurisdictions.resolve(name);
      if (!resolved) report([i, 'jurisdictions', n], 'unknown-set', `"${name}" is neither a country code nor a named set`);
      return resolved ?? [];
    });
    for (const [n, kind] of (written.kinds ?? []).entries()) {
      if (!kinds.has(kind)) report([i, 'kinds', n], 'unknown-kind', `the identifier catalogue has no kind "${kind}"`);
    }
    const classes = new Set(kinds.values());
    for (const [n, name] of (written.data_classes ?? []).entries()) {
      if (!classes.has(name)) report([i, 'data_classes', n], 'unknown-class', `the identifier catalogue has no data class "${name}"`);
    }
    const ofClasses = [...kinds].filter(([, dataClass]) => written.data_classes?.includes(dataClass)).map(([kind]) => kind);
    const { id, title, level, dimensions: asked, linked, count, days } = written;
    return {
      id, title, level, jurisdictions: written.jurisdictions, members, dimensions: asked, linked, count, days, moreThan: written.more_than,
      kinds: [...new Set([...(written.kinds ?? []), ...ofClasses])],
    };
  });
  if (problems.length > 0) throw new LocatedError(problems);
  return { version: value.version, thresholds };
}
