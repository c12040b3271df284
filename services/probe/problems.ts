import type { Logger } from '#runtime';
import type { ProbePipeline } from './pipeline.ts';

/** Reports where lines could not be used, but not their content. */
export function tellProblems({ entries }: ProbePipeline, logger: Logger): void {
  for (const { file, line, source, reason } of entries.counters.takeLocated()) logger.warn({ file, line }, `${source}: ${reason}`);
}
