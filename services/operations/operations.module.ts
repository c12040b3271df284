import { Module, type DynamicModule } from '@nestjs/common';
import type { Metrics } from '#runtime';
import type { Check } from './checks.ts';
import { OperationsController, checksToken, metricsToken } from './operations.controller.ts';

/** GET /healthz, /readyz and /metrics. */
@Module({})
export class OperationsModule {
  static with({ checks, metrics }: { readonly checks: readonly Check[]; readonly metrics: Metrics }): DynamicModule {
    return {
      module: OperationsModule,
      controllers: [OperationsController],
      providers: [{ provide: checksToken, useValue: checks }, { provide: metricsToken, useValue: metrics }],
    };
  }
}
