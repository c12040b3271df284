import type { Logger } from '#runtime';
import type { ProbePipeline } from './pipeline.ts';

/** Tells where lines stand that could not be used; what stood there is not told. */
export function tellProblems({ entries }: ProbePipeline, logger: Logger): void {
  for (const { file, line, source, reason } of entries.counters.takeLocated()) logger.warn({ file, line }, `${source}: ${reason}`);
}
