import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '#runtime';
import { generatedFiles } from './generated.ts';

for (const [file, text] of Object.entries(await generatedFiles())) {
  test(`${file} is current`, async () => {
    const committed = await readFile(path.join(projectRoot, file), 'utf8').catch(() => '');
    assert.equal(committed, text, 'run `npm run generate` and commit the difference');
  });
}
