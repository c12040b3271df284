import { access } from 'node:fs/promises';
import { getContainerRuntimeClient } from 'testcontainers';

/** Whether a Docker engine can be used. */
export async function dockerAnswers(): Promise<boolean> {
  // Without an engine the request takes a second, so first check whether there is anything to connect to.
  const isConfigured = process.env['DOCKER_HOST'] !== undefined || await access('/var/run/docker.sock').then(() => true, () => false);
  return isConfigured && getContainerRuntimeClient().then(() => true, () => false);
}
