import type { Problem } from '#geo';
import { isAlias, isMap, isScalar, isSeq, Scalar, type Document, type LineCounter, type Node, type Pair, type YAMLMap } from 'yaml';

export type Entry = Pair<Scalar, Node | null>;

/** One YAML document of a file, and what is wrong with it: faults are collected with their place, so that a single run shows them all. */
export class LocatedDocumentReader {
  readonly problems: Problem[] = [];
  readonly file: string;
  readonly root: Node | null;
  /** It is made from several documents of a collection, which may share an id. */
  readonly shared: boolean;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  #failed = false;

  constructor(file: string, document: Document.Parsed, lines: LineCounter, root: Node | null = document.contents) {
    this.file = file;
    this.root = root;
    this.shared = root !== document.contents;
    this.#document = document;
    this.#lines = lines;
  }

  /** Whether an error was reported. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Line (from 1) of the document's first entry. */
  get line(): number {
    return this.#lines.linePos(this.root?.range?.[0] ?? 0).line;
  }

  report(node: Node | null | undefined, severity: Problem['severity'], code: string, message: string): void {
    this.reportAt((node ?? this.root)?.range?.[0] ?? this.#document.range[0], severity, code, message);
  }

  reportAt(offset: number, severity: Problem['severity'], code: string, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.problems.push({ file: this.file, line, column: col, severity, code, message });
    this.#failed ||= severity === 'error';
  }

  fail(node: Node | null | undefined, code: string, message: string): undefined {
    this.report(node, 'error', code, message);
  }

  warn(node: Node | null | undefined, code: string, message: string): undefined {
    this.report(node, 'warning', code, message);
  }

  /** The node that an alias stands for; any other node as it is. */
  resolve(node: Node | null | undefined): Node | null {
    if (!isAlias(node)) return node ?? null;
    const target = node.resolve(this.#document);
    // Any text takes its place, so that the fault is reported once.
    return target ?? this.fail(node, 'alias', `no anchor is named "${node.source}"`) ?? new Scalar('');
  }

  entries(map: YAMLMap): Entry[] {
    return map.items as Entry[];
  }

  entry(key: string, of: Node | null | undefined = this.root): Entry | undefined {
    return isMap(of) ? this.entries(of).find((entry) => isScalar(entry.key) && entry.key.value === key) : undefined;
  }

  value(key: string, of: Node | null | undefined = this.root): Node | null | undefined {
    const entry = this.entry(key, of);
    return entry && this.resolve(entry.value);
  }

  items(node: Node | null | undefined): Node[] {
    return isSeq(node) ? node.items.map((item) => this.resolve(item as Node)!) : [];
  }

  text(key: string, of: Node | null | undefined = this.root): string {
    const node = this.value(key, of);
    if (node === undefined || node === null) return '';
    if (isScalar(node) && node.value === null) return '';
    if (isScalar(node) && typeof node.value !== 'object') return String(node.value);
    this.warn(node, 'attribute', `the value of "${key}" should be text`);
    return '';
  }

  /** A list of texts; one text alone is a list of one. */
  texts(key: string, of: Node | null | undefined = this.root): string[] {
    const node = this.value(key, of);
    if (isSeq(node)) return this.items(node).filter((item) => isScalar(item)).map((item) => String((item as Scalar).value));
    return isScalar(node) && node.value !== null ? [String(node.value)] : [];
  }
}
