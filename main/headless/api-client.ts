/** How a command talks to the node that runs on this data folder. */
import type { NodeRequestName, NodeRequests } from '../../protocol/node-api.ts';
import { readApiFile } from './api-file.ts';
import { requestDeadlinesMs } from './api-limits.ts';
import { CommandError, RefusedError } from './cli-errors.ts';

export interface ApiClient {
  readonly port: number;
  readonly pid: number;
  readonly link: string;
  /**
   * @throws RefusedError with the node's own code when it said no, CommandError NODE_NOT_RUNNING or NODE_UNREACHABLE otherwise.
   */
  request<Name extends NodeRequestName>(name: Name, parameters: NodeRequests[Name][0]): Promise<NodeRequests[Name][1]>;
}

/** @throws CommandError NODE_NOT_RUNNING when no node has written where it listens. */
export async function openApiClient(dataDirectory: string, signal?: AbortSignal): Promise<ApiClient> {
  const file = await readApiFile(dataDirectory);
  if (file === undefined) throw notRunning(dataDirectory);
  return {
    port: file.port,
    pid: file.pid,
    link: `http://127.0.0.1:${file.port}/#token=${file.token}`,
    async request<Name extends NodeRequestName>(name: Name, parameters: NodeRequests[Name][0]) {
      const deadline = AbortSignal.timeout(requestDeadlinesMs[name] + 5_000);
      let response: Response;
      try {
        response = await fetch(`http://127.0.0.1:${file.port}/api/request`, {
          method: 'POST',
          headers: { authorization: `Bearer ${file.token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ name, parameters }),
          signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
        });
      } catch (error) {
        signal?.throwIfAborted();
        if (deadline.aborted) {
          throw new CommandError('NODE_UNREACHABLE', `the node on port ${file.port} did not answer "${name}" in time`, {
            data: { port: file.port },
            cause: error,
          });
        }
        throw notRunning(dataDirectory, error);
      }
      return (await readAnswer(response, file.port, dataDirectory)) as NodeRequests[Name][1];
    },
  };
}

/** The running node of a data folder, or undefined; a file that a killed node left behind counts as none. */
export async function findRunningNode(dataDirectory: string): Promise<ApiClient | undefined> {
  try {
    const client = await openApiClient(dataDirectory, AbortSignal.timeout(2_000));
    await client.request('getSnapshot', {});
    return client;
  } catch {
    return undefined;
  }
}

async function readAnswer(response: Response, port: number, dataDirectory: string): Promise<unknown> {
  const answer: unknown = await response.json().catch(() => undefined);
  if (isRecord(answer) && answer['ok'] === true) return answer['result'];
  const error = isRecord(answer) ? answer['error'] : undefined;
  // Another program, or another node, took the port after ours had died.
  if (response.status === 401 || !isRecord(error)) throw notRunning(dataDirectory);
  const message = String(error['message']);
  if (response.status === 409) throw new RefusedError(String(error['code']), message);
  throw new CommandError('NODE_UNREACHABLE', `the node on port ${port} failed: ${message}`, { data: { port } });
}

function notRunning(dataDirectory: string, cause?: unknown): CommandError {
  return new CommandError('NODE_NOT_RUNNING', `no node is running on ${dataDirectory}; start one with "hearth start"`, {
    data: { dataDirectory },
    cause,
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
