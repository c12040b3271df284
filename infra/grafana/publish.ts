/** Publishes dashboards through Grafana's HTTP API (https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/). */
export interface PublishOptions {
  /** Base URL of Grafana, such as `https://grafana.example.org`; a path prefix is kept. */
  url: string;
  /** Token of a service account that may write dashboards. */
  token: string;
  /** Folder to publish to; General when absent. */
  folderUid?: string;
  /** Base URL of the review page, for links to it; by default the one in the built dashboards. */
  reviewUrl?: string;
}

/** Grafana refused, or did not answer. The message names the dashboard and never the token. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly code = 'DASHBOARD_PUBLISH';
}

interface Template {
  name: string;
  query?: unknown;
  current?: unknown;
}

/** The request that creates a dashboard or replaces it, by its uid. `dashboard` is the text of a built file. */
export function publishRequest(dashboard: string, { url, token, folderUid, reviewUrl }: PublishOptions): Request {
  const content = JSON.parse(dashboard) as { templating: { list: Template[] } };
  if (reviewUrl !== undefined) {
    const review = reviewUrl.replace(/\/+$/, '');
    content.templating.list = content.templating.list.map((variable) =>
      variable.name === 'review' ? { ...variable, query: review } : variable,
    );
  }
  return new Request(`${url.replace(/\/+$/, '')}/api/dashboards/db`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({
      dashboard: { ...content, id: null },
      overwrite: true,
      message: 'telltale dashboards publish',
      ...(folderUid === undefined ? {} : { folderUid }),
    }),
  });
}

/**
 * Publishes one dashboard.
 *
 * @returns path of the dashboard in Grafana, such as `/d/telltale-overview/telltale-overview`.
 * @throws PublishError
 */
export async function publishDashboard(file: string, dashboard: string, options: PublishOptions): Promise<string> {
  const request = publishRequest(dashboard, options);
  const response = await fetch(request, { signal: AbortSignal.timeout(30_000) }).catch((cause: unknown) => {
    throw new PublishError(`cannot publish ${file}: ${request.url} does not answer. Check the URL and that Grafana runs.`, { cause });
  });
  const answer = (await response.json().catch(() => ({}))) as { url?: string; message?: string };
  if (!response.ok)
    throw new PublishError(
      `cannot publish ${file}: Grafana answered ${response.status}${answer.message ? ` (${answer.message})` : ''}. ${remedy(response.status)}`,
    );
  return answer.url ?? '';
}

function remedy(status: number): string {
  switch (status) {
    case 401:
      return 'Give a valid service account token.';
    case 403:
      return 'Give the service account the role Editor, or the right to write dashboards in the folder.';
    case 404:
      return 'Check the URL, and that the folder exists.';
    case 412:
      return 'A dashboard with this uid or title is provisioned from a file: publish to another Grafana, or remove the provisioning.';
    default:
      return 'See the log of Grafana.';
  }
}
