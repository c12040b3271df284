import type { Alert } from './alert.ts';
import type { ReceiverConfiguration } from './configuration.ts';
import { postJson, type Receiver } from './receiver.ts';

type AlertmanagerConfiguration = Extract<ReceiverConfiguration, { type: 'alertmanager' }>;

/**
 * Prometheus Alertmanager: `POST /api/v2/alerts`.
 * Alertmanager treats alerts with the same labels as one, so sending an alert again prolongs or updates it without a duplicate.
 * https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
export function alertmanager({ name, type, url, timeout, bearerToken }: AlertmanagerConfiguration): Receiver {
  const endpoint = new URL(url);
  endpoint.pathname = `${endpoint.pathname.replace(/\/$/, '')}/api/v2/alerts`;
  return {
    name,
    type,
    send: (alerts, signal) =>
      postJson({ url: endpoint.href, body: JSON.stringify(alerts.map(postable)), bearerToken, quoteAnswer: true, timeout, signal }),
  };
}

/** Alertmanager computes its own fingerprint, and does not accept an empty URL. */
function postable({ labels, annotations, startsAt, endsAt, generatorURL }: Alert) {
  return { labels, annotations, startsAt, endsAt, ...(generatorURL ? { generatorURL } : {}) };
}
