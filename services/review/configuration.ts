import { z } from 'zod';
import { clickhouseSection, httpSection, logSection, shutdownSection } from '#runtime';

export const reviewSection = z
  .strictObject({
    hosts: z
      .array(z.string().min(1))
      .default([])
      .meta({
        description: 'Host names of the page, besides those of this machine. Requests for others are refused (DNS rebinding).',
      }),
  })
  .prefault({})
  .meta({ description: 'Review page.' });

export const reviewSchema = z.strictObject({
  log: logSection,
  http: httpSection(8080),
  shutdown: shutdownSection,
  clickhouse: clickhouseSection,
  review: reviewSection,
});
