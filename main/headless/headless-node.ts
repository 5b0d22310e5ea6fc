import { join } from 'node:path';
import { type Buyer, type BuyerOptions, startBuyer } from '../node/buyer.ts';
import type { NodeHost, NodeOptions } from '../node/node-options.ts';
import { type RunningNode, startNode } from '../node/node.ts';
import { readShaderSetHash } from '../store/shader-set.ts';
import { createGpuProcessSupervisor } from './gpu-process-supervisor.ts';
import { readCard } from './hardware/index.ts';
import { projectDirectory, readVersion } from './project-files.ts';

const headlessHost: NodeHost = {
  openGpu: ({ adapter, dataDirectory, log }) =>
    createGpuProcessSupervisor({
      adapter,
      dataDirectory,
      log,
      onEvent: (event) => {
        if (event.kind === 'gone')
          log(`The GPU worker is gone and starts again in ${event.retryInMs} ms: ${event.reason}`);
        else if (event.kind === 'device-recovered') log('The GPU was lost and is back; tasks go on.');
        else if (event.kind === 'start-failed') log(`The GPU worker did not start: ${event.message}`);
      },
    }),
  readCard: async (description) => (await readCard(description)).card,
  assetsDirectory: join(projectDirectory, 'assets'),
  readShaderSetHash: () => readShaderSetHash(join(projectDirectory, 'shaders')),
};

/** The node in this process, with its GPU worker as a child process on Dawn. */
export function startHeadlessNode(options: NodeOptions): Promise<RunningNode> {
  return startNode({ version: readVersion(), ...options }, headlessHost);
}

/** A buyer in this process, with a GPU worker that checks what it buys. */
export function startHeadlessBuyer(options: BuyerOptions): Promise<Buyer> {
  return startBuyer(options, headlessHost);
}
