import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot } from '#runtime';
import { generatedFiles } from './generated.ts';

// `npm run generate`: writes all generated files.
for (const [file, text] of Object.entries(await generatedFiles())) await writeFile(path.join(projectRoot, file), text);
