import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '#runtime';

interface NodeSettings {
  /** Options that bound V8's heap; part of `nodeOptions`. */
  readonly heapOptions: readonly string[];
  /** All options with which bin/telltale starts Node. */
  readonly nodeOptions: readonly string[];
  /** Environment variables that bin/telltale sets for Node. */
  readonly nodeEnvironment: Readonly<Record<string, string>>;
}

/** How bin/telltale runs Node, from scripts/project.mjs; that is plain JavaScript, since it runs before anything is compiled. */
export const { heapOptions, nodeOptions, nodeEnvironment }: NodeSettings = await import(
  pathToFileURL(path.join(projectRoot, 'scripts', 'project.mjs')).href
);
