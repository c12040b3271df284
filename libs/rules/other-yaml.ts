import { isMap, isScalar, isSeq, type Node } from 'yaml';
import type { LocatedDocumentReader } from './located.ts';

/** Keys of which every Sigma document has one: a rule, a correlation, a filter, a part of a collection. */
const sigmaKeys: ReadonlySet<string> = new Set(['title', 'logsource', 'detection', 'correlation', 'filter', 'action']);
/** The same keys, in a text that is not valid YAML. */
const sigmaLine = new RegExp(`^["']?(?:${[...sigmaKeys].join('|')})["']?[ \\t]*:`, 'm');

/**
 * Whether a file holds YAML of another kind, as repositories of rules do (test data, CI workflows, settings of tools): no document in it
 * has any of Sigma's keys. A rule with a mistake in one key still has others.
 */
export function isOtherYaml(text: string, documents: readonly LocatedDocumentReader[]): boolean {
  return documents.length > 0 && !documents.some((document) => hasSigmaKey(document.root) || (document.failed && sigmaLine.test(text)));
}

/** Looks into a list too: a list of rules is a mistake, not other YAML. */
function hasSigmaKey(node: Node | null): boolean {
  if (isSeq(node)) return node.items.some((item) => isMap(item) && hasSigmaKey(item));
  return isMap(node) && node.items.some(({ key }) => isScalar(key) && sigmaKeys.has(String(key.value)));
}
