import { catalogue } from './catalogue.ts';
import { KeyNames } from './key-names.ts';
import { TextScanner } from './text-scan.ts';

/** Find the catalogue's kinds by key and by shape. */
export interface Scanners {
  readonly keyNames: KeyNames;
  readonly text: TextScanner;
}

let scanners: Scanners | undefined;

/** Created once, with the first recogniser, and shared: their tables depend on the catalogue alone, and only one message is read at a time. */
export function catalogueScanners(): Scanners {
  if (scanners === undefined) {
    const keyNames = new KeyNames(catalogue);
    scanners = { keyNames, text: new TextScanner(catalogue, keyNames) };
  }
  return scanners;
}
