import { access } from 'node:fs/promises';
import { getContainerRuntimeClient } from 'testcontainers';

/** Whether a Docker engine can be used. */
export async function dockerAnswers(): Promise<boolean> {
  // Asking takes a second where there is no engine: first look whether there is anything to ask.
  const isConfigured = process.env['DOCKER_HOST'] !== undefined || await access('/var/run/docker.sock').then(() => true, () => false);
  return isConfigured && getContainerRuntimeClient().then(() => true, () => false);
}
