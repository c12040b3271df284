import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments, YAMLMap, YAMLSeq, type Node } from 'yaml';
import { LocatedDocumentReader, type Entry } from './located.ts';
import type { RuleFile } from './rule.ts';

/**
 * The documents of a rule file. Collections of Sigma 1 are resolved: `action: global` adds its attributes to each document that follows,
 * `reset` ends that, and `repeat` takes from the previous document what this one does not set. Maps are merged, lists are joined, other
 * values replaced.
 */
export function readDocuments(file: RuleFile): LocatedDocumentReader[] {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(file.text, { lineCounter: lines, prettyErrors: false });
  const readers: LocatedDocumentReader[] = [];
  let common: YAMLMap | undefined;
  let previous: YAMLMap | undefined;
  for (const document of 'empty' in parsed ? [] : parsed) {
    const contents = document.contents;
    // `---` at the end of a file begins a document with nothing in it.
    if (document.errors.length === 0 && (contents === null || (isScalar(contents) && contents.value === null))) continue;
    const plain = new LocatedDocumentReader(file.name, document, lines);
    for (const { pos, message } of document.errors) plain.reportAt(pos[0], 'error', 'yaml', message);
    const action = plain.failed ? undefined : plain.entry('action');
    if (!action && !common) {
      if (isMap(contents)) previous = contents;
      readers.push(plain);
      continue;
    }
    if (!isMap(contents)) {
      readers.push(plain);
      continue;
    }
    const own = withoutAction(contents);
    switch (action ? plain.text('action') : '') {
      case 'global':
        common = common ? merge(common, own) : own;
        readers.push(...(plain.failed ? [plain] : []));
        break;
      case 'reset':
        common = undefined;
        break;
      case 'repeat':
        if (!previous) {
          plain.fail(action!.key, 'action', 'there is no document before this one that could be repeated');
          readers.push(plain);
          break;
        }
        previous = merge(previous, own);
        readers.push(new LocatedDocumentReader(file.name, document, lines, previous));
        break;
      case '':
        previous = common ? merge(common, own) : own;
        readers.push(new LocatedDocumentReader(file.name, document, lines, previous));
        break;
      default:
        plain.fail(action!.value, 'action', `the action "${plain.text('action')}" is unknown: expected global, reset or repeat`);
        readers.push(plain);
    }
  }
  return readers;
}

function withoutAction(map: YAMLMap): YAMLMap {
  const rest = new YAMLMap();
  rest.items = (map.items as Entry[]).filter(({ key }) => key.value !== 'action');
  rest.range = map.range ?? null;
  return rest;
}

function merge(under: YAMLMap, over: YAMLMap): YAMLMap {
  const merged = new YAMLMap();
  merged.range = over.range ?? null;
  const replaced = new Map((over.items as Entry[]).map((entry) => [String(entry.key.value), entry]));
  for (const entry of under.items as Entry[]) {
    const name = String(entry.key.value);
    const other = replaced.get(name);
    replaced.delete(name);
    merged.items.push(other ? Object.assign(other.clone(), { key: other.key, value: mergeValues(entry.value, other.value) }) : entry);
  }
  merged.items.push(...replaced.values());
  return merged;
}

function mergeValues(under: Node | null, over: Node | null): Node | null {
  if (isMap(under) && isMap(over)) return merge(under, over);
  if (!isSeq(under) || !isSeq(over)) return over;
  const joined = new YAMLSeq();
  joined.items = [...under.items, ...over.items];
  joined.range = over.range ?? null;
  return joined;
}
