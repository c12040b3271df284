import {
  BadRequestException, Controller, Get, Header, NotFoundException, Param, Query, ServiceUnavailableException, UseGuards,
} from '@nestjs/common';
import { countToken, findFinding, findFindings, findFlow, Store, StoreError, summariseFindings } from '#store';
import { BadQuery, parseFilter, parseFindingsQuery } from './findings-query.ts';
import { HostGuard } from './host.guard.ts';
import { Leaving } from './leaving.ts';

/** Most records of a flow that are sent to the page; if there are more, their number is sent too. */
const flowRecordLimit = 500;

/** The data of the review page. GET and JSON only, and nothing cached, since findings are personal data. */
@Controller('api')
@UseGuards(HostGuard)
export class ReviewController {
  constructor(private readonly store: Store) {}

  /** A page of findings that match the filter in the query string. */
  @Get('findings')
  @Header('cache-control', 'no-store')
  async findings(@Query() query: unknown, @Leaving() signal: AbortSignal) {
    return answer(async () => {
      const { filter, page } = parseFindingsQuery(query);
      return { findings: await findFindings(this.store.until(signal), filter, page), offset: page.offset, limit: page.limit };
    });
  }

  /** Totals, counts by facet and a histogram over time of the findings that match the filter. */
  @Get('summary')
  @Header('cache-control', 'no-store')
  async summary(@Query() query: unknown, @Leaving() signal: AbortSignal) {
    return answer(() => summariseFindings(this.store.until(signal), parseFilter(query)));
  }

  /** A finding, its flow, the flow's other findings, and how often its identifier was seen. A finding over several records has no flow. */
  @Get('findings/:id')
  @Header('cache-control', 'no-store')
  async finding(@Param('id') id: string, @Leaving() signal: AbortSignal) {
    return answer(async () => {
      const store = this.store.until(signal);
      const finding = await findFinding(store, id);
      if (finding === undefined) throw new NotFoundException('There is no such finding. It may have reached the end of its retention.');
      const flow = String(finding['telltale.flow.id']);
      const token = String(finding['telltale.observable.token']);
      return {
        finding,
        flow: flow === '' ? null : await findFlow(store, flow, flowRecordLimit) ?? null,
        siblings: flow === '' ? [] : await findFindings(store, { flow }, { sort: 'time', descending: false, offset: 0, limit: 50 }),
        tokenUse: token === '' ? null : await countToken(store, token),
      };
    });
  }
}

/** Maps errors to HTTP. The server's own message is not passed on, since it may quote rows. */
async function answer<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BadQuery) throw new BadRequestException(error.message);
    if (error instanceof StoreError) throw new ServiceUnavailableException(error.message);
    throw error;
  }
}
