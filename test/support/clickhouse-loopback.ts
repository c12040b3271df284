/** The embedded ClickHouse behind HTTP, as a process of its own: prints its address on standard output, and ends when its input does. */
import { serveLoopback } from '../../libs/store/loopback.ts';

const server = await serveLoopback(process.argv[2]!);
process.stdout.write(`${server.url}\n`);
process.stdin.resume().on('end', () => void stop());

async function stop(): Promise<void> {
  await server[Symbol.asyncDispose]();
  process.exit(0);
}
