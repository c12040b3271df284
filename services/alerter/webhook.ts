import { createHash, createHmac } from 'node:crypto';
import type { Alert } from './alert.ts';
import type { ReceiverConfiguration } from './configuration.ts';
import { postJson, type Receiver } from './receiver.ts';

type WebhookConfiguration = Extract<ReceiverConfiguration, { type: 'webhook' }>;

/**
 * Any HTTP endpoint: `{ "version": 1, "alerts": [...] }`.
 *
 * `idempotency-key` is the same whenever the same alerts are sent again.
 * With a key, `x-telltale-signature: t=<seconds>,v1=<hex>` is the HMAC-SHA-256 over `<seconds>.<body>`;
 * a receiver should reject a request whose time is too old.
 *
 * @param clock wall clock, ms.
 */
export function webhook({ name, type, url, timeout, bearerToken, signingKey }: WebhookConfiguration, clock: () => number): Receiver {
  return {
    name, type,
    send(alerts, signal) {
      const body = JSON.stringify({ version: 1, alerts });
      const headers = {
        'idempotency-key': idempotencyKey(alerts),
        ...(signingKey ? { 'x-telltale-signature': signature(signingKey, body, Math.floor(clock() / 1000)) } : {}),
      };
      return postJson({ url, body, headers, bearerToken, quoteAnswer: false, timeout, signal });
    },
  };
}

/** @param seconds since 1970. */
export function signature(key: string, body: string, seconds: number): string {
  return `t=${seconds},v1=${createHmac('sha256', key).update(`${seconds}.${body}`).digest('hex')}`;
}

/** The end of an alert advances with time, so it must not distinguish two sends of the same alert. */
function idempotencyKey(alerts: readonly Alert[]): string {
  const content = alerts.map(({ fingerprint, startsAt, annotations }) => [fingerprint, startsAt, annotations['count']]);
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 32);
}
