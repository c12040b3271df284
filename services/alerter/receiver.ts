import type { Alert } from './alert.ts';

/** A destination of alerts. */
export interface Receiver {
  readonly name: string;
  readonly type: string;
  /**
   * Resolves when the receiver has accepted all of the alerts.
   *
   * @throws ReceiverError
   */
  send(alerts: readonly Alert[], signal: AbortSignal): Promise<void>;
}

/**
 * Why alerts were not accepted; a bounded set, since it is the label of a metric.
 * `rejected`: the receiver will never accept this content. All others may be temporary: a denied request succeeds once the URL or the
 * token is corrected.
 */
export type FailureReason = 'connection' | 'timeout' | 'busy' | 'server_error' | 'denied' | 'rejected';

export class ReceiverError extends Error {
  override readonly name = 'ReceiverError';
  readonly reason: FailureReason;
  /** The delay that the receiver asked for, ms; 0 if it did not. */
  readonly retryAfter: number;

  constructor(reason: FailureReason, message: string, options: { readonly retryAfter?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.retryAfter = options.retryAfter ?? 0;
  }
}

export interface PostOptions {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bearerToken?: string | undefined;
  /** Whether to put the beginning of a response into the error; only for receivers that do not echo secrets. */
  readonly quoteAnswer: boolean;
  /** ms */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** Posts JSON. Resolves when the response is 2xx. Redirects are refused: they could send a secret elsewhere. */
export async function postJson({ url, body, headers, bearerToken, quoteAnswer, timeout, signal }: PostOptions): Promise<void> {
  const target = new URL(url);
  const credentials = `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`;
  target.username = target.password = '';
  const authorization = bearerToken
    ? `Bearer ${bearerToken}`
    : credentials !== ':'
      ? `Basic ${Buffer.from(credentials).toString('base64')}`
      : undefined;
  const deadline = AbortSignal.timeout(timeout);

  let response: Response;
  try {
    response = await fetch(target, {
      method: 'POST', body, redirect: 'manual', signal: AbortSignal.any([signal, deadline]),
      headers: { 'content-type': 'application/json', 'user-agent': 'telltale', ...(authorization ? { authorization } : {}), ...headers },
    });
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) throw new ReceiverError('timeout', `the receiver did not answer within ${timeout} ms`);
    throw new ReceiverError('connection', `the receiver cannot be reached (${codeOf(error)})`);
  }
  const answer = await beginningOf(response);
  if (response.ok) return;
  const reason = reasonOf(response.status);
  throw new ReceiverError(reason, `the receiver answered with status ${response.status}${quoteAnswer && answer ? `: ${answer}` : ''}`, {
    retryAfter: retryAfterOf(response.headers),
  });
}

function reasonOf(status: number): FailureReason {
  if (status === 429 || status === 503) return 'busy';
  if (status === 408) return 'timeout';
  if (status === 400 || status === 413 || status === 422) return 'rejected';
  return status >= 500 ? 'server_error' : 'denied';
}

/** Retry-After (RFC 9110, section 10.2.3) in ms: seconds or a date. */
function retryAfterOf(headers: Headers): number {
  const value = headers.get('retry-after') ?? '';
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? 0 : Math.max(0, at - Date.now());
}

/** Reads a bounded part of the response, so that the connection can be reused. */
async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (text.length > 4096) break;
    }
  } catch {
    // The status was received, and that is enough.
  }
  return text.slice(0, 200).trim();
}

function codeOf(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return cause?.code ?? cause?.message ?? 'unknown error';
}
