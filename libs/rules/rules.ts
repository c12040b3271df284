export { compileRules, RulePlan, type OnMatch } from './compile.ts';
export type { Expression, ValueTest } from './expression.ts';
export { recordField, recordFieldNames, type Field, type FieldResolver } from './fields.ts';
export { checkFixtures } from './fixtures.ts';
export { Jurisdictions } from './jurisdictions.ts';
export { loadPack, type RulePack } from './pack.ts';
export { parseRules, type ParsedRules } from './parse.ts';
export { dimensions, parsePolicy, Policy, PolicySet, type Dimension, type PolicyContext, type PolicyVerdict } from './policy.ts';
export type { Outcome, Rule, RuleFile } from './rule.ts';
