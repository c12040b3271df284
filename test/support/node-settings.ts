import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '#runtime';

interface NodeSettings {
  /** Options that bound V8's heap in a probe; they replace those in `nodeOptions`. */
  readonly probeHeapOptions: readonly string[];
  /** All options with which bin/telltale starts Node, but for a probe's. */
  readonly nodeOptions: readonly string[];
  /** Environment variables that bin/telltale sets for Node. */
  readonly nodeEnvironment: Readonly<Record<string, string>>;
}

/** How bin/telltale runs Node, from scripts/project.mjs; that is plain JavaScript, since it runs before anything is compiled. */
export const { probeHeapOptions, nodeOptions, nodeEnvironment }: NodeSettings = await import(
  pathToFileURL(path.join(projectRoot, 'scripts', 'project.mjs')).href
);
