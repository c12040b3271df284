import type { LineFormat, LogSource } from './log.ts';
import type { Row } from './row.ts';
import { ZeekRows } from './zeek.ts';

export function isZeekTsv(sample: string): boolean {
  return /^#(?:separator|fields|path|set_separator|types)[ \t]/.test(sample);
}

/** What a header says about the lines after it. */
interface Header {
  separator: string;
  setSeparator: string;
  emptyField: string;
  unsetField: string;
  path: string;
  fields: string[];
  types: string[];
}

const defaults: Header = { separator: '\t', setSeparator: ',', emptyField: '(empty)', unsetField: '-', path: '', fields: [], types: [] };

/**
 * Zeek's ASCII writer. A new header may come anywhere, since rotated logs are often concatenated.
 * https://docs.zeek.org/en/master/log-formats.html
 */
export function zeekTsv(source: LogSource): LineFormat {
  const rows = new ZeekRows(source);
  let header = defaults;
  /** The header's lines, by the name of the directive. */
  const written = new Map<string, string>();
  return {
    name: 'zeek',
    head: () => [...written.values()].join('\n'),
    line(line, number) {
      // One character per byte, since a separator may be any byte; values are decoded one by one.
      const text = line.toString('latin1');
      if (text.startsWith('#')) {
        header = readDirective(header, text);
        const directive = /^#(separator|set_separator|empty_field|unset_field|path|fields|types)(?!\w)/.exec(text)?.[1];
        if (directive === 'separator') written.clear();
        if (directive !== undefined) written.set(directive, text);
        return;
      }
      if (header.fields.length === 0) {
        source.counters.problem('zeek', 'line before #fields', source.name, number);
        return;
      }
      const values = text.split(header.separator);
      if (values.length !== header.fields.length) {
        source.counters.problem('zeek', 'number of columns differs from #fields', source.name, number);
        return;
      }
      rows.row(header.path, rowOf(header, values), line, number);
    },
  };
}

function readDirective(header: Header, line: string): Header {
  // #separator is followed by a space; all other directives by the separator that it names.
  const own = /^#separator[ \t](.*)$/.exec(line);
  if (own) return { ...defaults, separator: unescape(own[1]!) || '\t' };
  const [name, ...values] = line.split(header.separator);
  const value = values[0] ?? '';
  switch (name) {
    case '#set_separator': return { ...header, setSeparator: unescape(value) || ',' };
    case '#empty_field': return { ...header, emptyField: value };
    case '#unset_field': return { ...header, unsetField: value };
    case '#path': return { ...header, path: value };
    case '#fields': return { ...header, fields: values };
    case '#types': return { ...header, types: values };
    default: return header;
  }
}

function rowOf({ fields, types, setSeparator, emptyField, unsetField }: Header, values: readonly string[]): Row {
  const row: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  fields.forEach((field, column) => {
    const value = values[column]!;
    if (value === unsetField) return;
    const isList = /^(?:set|vector)\[/.test(types[column] ?? '');
    if (value === emptyField) row[field] = isList ? [] : '';
    else row[field] = isList ? value.split(setSeparator).filter((one) => one !== unsetField).map(unescape) : unescape(value);
  });
  return row;
}

/** Unescapes bytes (`\x09`) and `\\`, then decodes the result as UTF-8. */
function unescape(latin1: string): string {
  const bytes = latin1.includes('\\')
    ? latin1.replaceAll(/\\(?:x([0-9a-fA-F]{2})|(\\))/g, (_, hex: string | undefined) =>
        hex === undefined ? '\\' : String.fromCharCode(Number.parseInt(hex, 16)),
      )
    : latin1;
  return Buffer.from(bytes, 'latin1').toString();
}
