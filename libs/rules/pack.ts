import { createHash } from 'node:crypto';
import { LocatedError, type Problem } from '#geo';
import { compileRules, type RulePlan } from './compile.ts';
import type { Correlation } from './correlation-links.ts';
import { HitPlan } from './hits.ts';
import { parseRules, type ParseOptions } from './parse.ts';
import type { Rule, RuleFile } from './rule.ts';

/** Rules that are loaded and put into use together. */
export interface RulePack {
  /** All rules, including those that records cannot answer. */
  rules: Rule[];
  correlations: Correlation[];
  /** Which matches correlations count. */
  hits: HitPlan;
  plan: RulePlan;
  /** Digest of all texts, 8 hexadecimal digits. */
  version: string;
  warnings: Problem[];
}

/**
 * Reads a whole pack, or nothing: one error in one rule refuses all. `others` are further files whose text enters the version. Throws
 * LocatedError with every error.
 */
export function loadPack(files: readonly RuleFile[], options?: ParseOptions, others: readonly RuleFile[] = []): RulePack {
  const { rules, correlations, silent, problems, skipped } = parseRules(files, options);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new LocatedError(errors);
  const digest = createHash('sha256');
  for (const { name, text } of [...files, ...others].toSorted((a, b) => (a.name < b.name ? -1 : 1))) digest.update(`${name}\0${text}\0`);
  const version = digest.digest('hex').slice(0, 8);
  return {
    rules,
    correlations,
    hits: new HitPlan(correlations, silent),
    plan: compileRules(rules),
    version,
    warnings: [...problems, ...skippedWarning(skipped)],
  };
}

/** One warning for all files, since a folder may hold hundreds. */
function skippedWarning([file, ...more]: readonly string[]): Problem[] {
  if (file === undefined) return [];
  const others = more.length === 0 ? '' : `, as are ${more.length} more`;
  return [
    { file, line: 1, column: 1, severity: 'warning', code: 'other-yaml', message: `the file has none of the keys of a rule and is skipped${others}` },
  ];
}
