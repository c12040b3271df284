import type { LogReader, LogSource } from './log.ts';

/** Longest document. It is parsed as a whole, and takes several times its length of memory meanwhile. */
export const maxDocumentBytes = 256 * 1024 * 1024;

/** Reads an input that is one JSON document. */
export function jsonDocument(format: string, { name, counters }: LogSource, onDocument: (document: unknown) => void): LogReader {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    push(chunk) {
      bytes += chunk.length;
      if (bytes > maxDocumentBytes) chunks.length = 0;
      else chunks.push(Buffer.from(chunk));
    },
    finish() {
      if (bytes > maxDocumentBytes) {
        counters.problem(format, 'document too long', name, 1);
        return;
      }
      let document: unknown;
      try {
        document = JSON.parse(Buffer.concat(chunks).toString().replace(/^\uFEFF/, ''));
      } catch {
        counters.problem(format, 'not a JSON document', name, 1);
        return;
      }
      onDocument(document);
    },
  };
}
