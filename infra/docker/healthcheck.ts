/**
 * Health of the Telltale service in this container: exit code 0 when its HTTP server answers that it is alive, else 1. Run by Docker
 * (HEALTHCHECK); the image has neither curl nor wget.
 */
const port = process.env['TELLTALE_HTTP_PORT'] || '8080';
const url = `http://127.0.0.1:${port}/healthz`;

try {
  const response = await fetch(url, { signal: AbortSignal.timeout(3000) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
} catch (error) {
  process.stderr.write(`${url}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

export {};
