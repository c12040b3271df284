import { Controller, Get, Inject, Module, UseGuards, type DynamicModule } from '@nestjs/common';
import { AddressGuard } from './address.guard.ts';
import type { Alerter } from './alerter.ts';

const alerterToken = Symbol('alerter');
const shownGroups = 200;

/** GET /alerts: the state of the alerter, to find out why an alert was sent or was not. */
@Controller('alerts')
@UseGuards(AddressGuard)
class AlertsController {
  readonly #alerter: Alerter;

  constructor(@Inject(alerterToken) alerter: Alerter) {
    this.#alerter = alerter;
  }

  /** The receivers with the number of groups waiting for them, and the latest 200 groups, most recently changed first. */
  @Get()
  alerts() {
    const { deliveries, groups } = this.#alerter;
    return { receivers: deliveries.map(({ status }) => status), groups: [...groups].slice(-shownGroups).toReversed(), total: groups.size };
  }
}

@Module({})
export class AlerterModule {
  static with(alerter: Alerter): DynamicModule {
    return { module: AlerterModule, controllers: [AlertsController], providers: [{ provide: alerterToken, useValue: alerter }] };
  }
}
