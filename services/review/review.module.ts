import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { Store } from '#store';
import { allowedHosts, HostGuard } from './host.guard.ts';
import { PageController, pageFiles, type PageFiles } from './page.controller.ts';
import { ReviewController } from './review.controller.ts';

export interface ReviewOptions {
  /** Folder of the project, from which the page's files are read (`services/review/page`). */
  readonly projectRoot: string;
  /** Host names of the page, besides those of this machine's loopback. */
  readonly hosts?: readonly string[];
}

/** The review page at `/` and its data under `/api`. It reads the store, and writes nothing. */
@Module({})
export class ReviewModule {
  static over(store: Store, { projectRoot, hosts = [] }: ReviewOptions): DynamicModule {
    return {
      module: ReviewModule,
      controllers: [PageController, ReviewController],
      providers: [
        HostGuard,
        { provide: Store, useValue: store },
        { provide: pageFiles, useValue: readPage(join(projectRoot, 'services/review/page')) },
        { provide: allowedHosts, useValue: new Set(['localhost', '127.0.0.1', '[::1]', ...hosts.map((host) => host.toLowerCase())]) },
      ],
    };
  }
}

function readPage(folder: string): PageFiles {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}
