import { readFile } from 'node:fs/promises';
import path from 'node:path';
import asc from 'assemblyscript/asc';
import { projectRoot } from '#runtime';

const source = 'libs/identifiers/scan/assembly/kernel.ts';

/** libs/identifiers/scan/kernel-module.ts: the scan kernel, compiled. The same source gives the same bytes. */
export async function scanKernelModule(): Promise<string> {
  const text = await readFile(path.join(projectRoot, source), 'utf8');
  let compiled: Uint8Array | undefined;
  const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--enable', 'relaxed-simd'];
  const { error, stderr } = await asc.main(['kernel.ts', '--outFile', 'kernel.wasm', ...options], {
    readFile: (name) => (name === 'kernel.ts' ? text : null),
    writeFile: (_name, contents) => { compiled = Buffer.from(contents); },
    listFiles: () => [],
  });
  if (error !== null || compiled === undefined) throw new Error(`${source} does not compile\n${stderr.toString()}`, { cause: error });
  const lines = Buffer.from(compiled).toString('base64').match(/.{1,140}/g)!;
  return [
    `/** ${source}, compiled to WebAssembly, in base64: \`npm run generate\` writes this file. */`,
    'export const kernelModule =', ...lines.map((line, i) => `  ${i === 0 ? '' : '+ '}'${line}'`),
  ].join('\n') + ';\n';
}
