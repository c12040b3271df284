// Requests to the server.

/** The server does not answer, or says why it cannot. The message is shown to the reader; `refused`: asking again would give the same answer. */
export class Unavailable extends Error {
  constructor(message, refused = false) {
    super(message);
    this.refused = refused;
  }
}

/** With an aborted `signal` it rejects as well; whoever aborted it knows. */
export async function read(path, signal) {
  let response;
  try {
    response = await fetch(path, { headers: { accept: 'application/json' }, signal });
  } catch {
    throw new Unavailable('Telltale does not answer. Is it still running?');
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Unavailable(body.message ?? `Telltale answered ${response.status}.`, response.status === 400);
  return body;
}
