import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Shorter encoded texts would match other text by chance. */
const leastForm = 8;

/** Looks for texts as they are and in their usual encodings: percent, base64 (at any alignment), hexadecimal; in either case of letters. */
export class Search {
  /** Where something was found: `logs of the probe: "anna@example.org" in base64`. */
  readonly found: string[] = [];
  /** Names of what was searched, and how many bytes that was. */
  readonly searched = new Map<string, number>();
  readonly #needles: readonly { readonly text: string; readonly form: string; readonly needle: string }[];

  constructor(texts: readonly string[]) {
    this.#needles = texts.flatMap((text) => formsOf(text).map(([form, needle]) => ({ text, form, needle })));
  }

  in(place: string, content: Buffer | string): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    this.searched.set(place, (this.searched.get(place) ?? 0) + bytes.length);
    const asItIs = bytes.toString('latin1');
    const lower = asItIs.toLowerCase();
    for (const { text, form, needle } of this.#needles) {
      const isThere = form === 'base64' ? asItIs.includes(needle) : lower.includes(needle);
      const complaint = `${place}: ${JSON.stringify(text)}${form}`;
      if (isThere && !this.found.includes(complaint)) this.found.push(complaint);
    }
  }

  /** Searches all files of a folder and its subfolders whose name matches. */
  async folder(place: string, folder: string, name = /./): Promise<void> {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !name.test(entry.name)) continue;
      const file = join(entry.parentPath, entry.name);
      this.in(place, file);
      this.in(place, await readFile(file));
    }
  }
}

function formsOf(text: string): [string, string][] {
  const percent = encodeURIComponent(text).toLowerCase();
  const forms: [string, string][] = [['', text.toLowerCase()], [' in hexadecimal', Buffer.from(text).toString('hex')]];
  if (percent !== text.toLowerCase()) forms.push([' percent-encoded', percent]);
  for (let before = 0; before < 3; before++) {
    // Characters that also depend on what precedes or follows the text are left out.
    const encoded = Buffer.from(' '.repeat(before) + text).toString('base64').replace(/=+$/, '');
    const needle = encoded.slice(before === 0 ? 0 : before + 1, Math.floor(((before + Buffer.byteLength(text)) * 8) / 6));
    for (const form of new Set([needle, needle.replaceAll('+', '-').replaceAll('/', '_')]))
      if (form.length >= leastForm) forms.push(['base64', form]);
  }
  return forms;
}
