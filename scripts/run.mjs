// `npm start`, `npm test`, `npm run build`, `npm run lint`, `npm run generate`: each works from a fresh clone.
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { build, install, lint, node, nodeOptions, root, run } from './project.mjs';

const everyTest = ['dist/libs/**/*.test.js', 'dist/services/**/*.test.js', 'dist/infra/**/*.test.js', 'dist/test/**/*.test.js'];
const [task, ...rest] = process.argv.slice(2);
install();
switch (task) {
  case 'build':
    build();
    break;
  case 'lint':
    lint();
    break;
  case 'generate':
    build();
    run(node, [path.join(root, 'dist', 'infra', 'generate.js')]);
    break;
  case 'start':
    build();
    run(process.execPath, [path.join(root, 'bin', 'telltale'), 'up', '--demonstration', ...rest]);
    break;
  case 'test':
    build();
    lint();
    // By itself the runner leaves one processor free; many tests wait for servers, and with two processors that would be one file at a time.
    run(node, [
      ...nodeOptions, '--test', `--test-concurrency=${availableParallelism()}`, '--test-timeout=600000', ...(rest.length > 0 ? rest : everyTest),
    ]);
    break;
  default:
    console.error(`run.mjs: unknown task ${JSON.stringify(task)}; one of build, generate, lint, start, test`);
    process.exit(2);
}
