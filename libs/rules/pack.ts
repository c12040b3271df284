import { createHash } from 'node:crypto';
import { LocatedError, type Problem } from '#geo';
import { compileRules, type RulePlan } from './compile.ts';
import type { Correlation } from './correlation-links.ts';
import { HitPlan } from './hits.ts';
import { parseRules, type ParseOptions } from './parse.ts';
import type { Rule, RuleFile } from './rule.ts';

/** Rules that are switched on together. */
export interface RulePack {
  /** All rules, also those that records cannot answer. */
  rules: Rule[];
  correlations: Correlation[];
  /** What becomes of matches that correlations count. */
  hits: HitPlan;
  plan: RulePlan;
  /** Digest of all texts, 8 hexadecimal digits. */
  version: string;
  warnings: Problem[];
}

/**
 * Reads a whole pack, or nothing of it: one error in one rule refuses all. `others` are files whose text counts
 * for the version too. Throws LocatedError with every error.
 */
export function loadPack(files: readonly RuleFile[], options?: ParseOptions, others: readonly RuleFile[] = []): RulePack {
  const { rules, correlations, silent, problems } = parseRules(files, options);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new LocatedError(errors);
  const digest = createHash('sha256');
  for (const { name, text } of [...files, ...others].toSorted((a, b) => (a.name < b.name ? -1 : 1))) digest.update(`${name}\0${text}\0`);
  return { rules, correlations, hits: new HitPlan(correlations, silent), plan: compileRules(rules), version: digest.digest('hex').slice(0, 8), warnings: problems };
}
