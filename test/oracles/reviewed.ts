import type { Disagreement } from './case.ts';

/** Disagreements that were looked into: `oracle topic file -ours lacks +ours has beyond`, grouped by the reason. */
const reasons: Record<string, string> = {};

const byCase = new Map<string, { counts: string; reason: string }>();
for (const [reason, cases] of Object.entries(reasons)) {
  for (const line of cases.trim().split('\n')) {
    const [oracle, topic, file, missing, extra] = line.trim().split(' ');
    byCase.set(`${oracle} ${topic} ${file}`, { counts: `${missing} ${extra}`, reason });
  }
}

export type Review = 'agreed' | 'reviewed' | 'unreviewed';

/** Does the list hold this very disagreement? Also one that is gone, and should leave the list, is `unreviewed`. */
export function review(one: Disagreement): Review {
  const known = byCase.get(`${one.oracle} ${one.topic} ${one.file}`)?.counts ?? '-0 +0';
  if (known !== `-${one.missing.length} +${one.extra.length}`) return 'unreviewed';
  return one.missing.length + one.extra.length === 0 ? 'agreed' : 'reviewed';
}

export function reasonOf({ oracle, topic, file }: Disagreement): string {
  return byCase.get(`${oracle} ${topic} ${file}`)?.reason ?? '';
}
