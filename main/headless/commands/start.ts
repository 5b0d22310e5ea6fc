import { isIP } from 'node:net';
import type { NodeState } from '../../../protocol/node-api.ts';
import { findRunningNode } from '../api-client.ts';
import { startApiServer } from '../api-server.ts';
import { chainOptions, discoveryOptions, readChain } from '../chain-options.ts';
import { CommandError, exitCodes, UsageError } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { defaultListen } from '../../node/node-options.ts';
import { takeSecret } from '../secrets.ts';
import { renderState } from '../status-text.ts';

export const startCommand = defineCommand({
  words: ['start'],
  summary: 'Start the node in the foreground, with its dashboard on 127.0.0.1',
  details:
    'Runs until Ctrl-C or "hearth stop". Prints the link that opens the dashboard; the link holds the token. HEARTH_PASSPHRASE seals the wallet.',
  options: {
    'api-port': {
      kind: 'integer',
      placeholder: 'N',
      minimum: 0,
      maximum: 65_535,
      fallback: 0,
      summary: 'port of the local API and the dashboard; 0 takes any free one',
    },
    ...chainOptions,
    ...discoveryOptions,
    'relay-url': {
      kind: 'text',
      placeholder: 'URL',
      summary: 'x402 facilitator that sends the claims, so that the wallet needs no gas',
    },
    'x402-port': {
      kind: 'integer',
      placeholder: 'N',
      minimum: 0,
      maximum: 65_535,
      summary: 'sell chats over HTTP to any x402 client on this port; 0 takes any free one (not offered otherwise)',
    },
    'x402-host': {
      kind: 'text',
      placeholder: 'ADDRESS',
      fallback: '127.0.0.1',
      summary: 'address of that port; 0.0.0.0 for every interface',
    },
    name: { kind: 'text', placeholder: 'NAME', summary: 'name of this node in logs and on the dashboard' },
  },
  async run({ dataDirectory, adapter, listen, bootstrap, signal, output }, options) {
    const running = await findRunningNode(dataDirectory);
    if (running !== undefined) {
      throw new CommandError(
        'NODE_ALREADY_RUNNING',
        `a node runs on ${dataDirectory} already (process ${running.pid}, port ${running.port}); use --data-dir for a second one`,
        { data: { pid: running.pid, port: running.port } },
      );
    }
    const x402 = readX402(options);
    const chain = await readChain(options, signal);
    const passphrase = takeSecret('HEARTH_PASSPHRASE');
    const { startHeadlessNode } = await import('../headless-node.ts');
    const node = await startHeadlessNode({
      dataDirectory,
      adapter,
      listen: listen.length > 0 ? listen : defaultListen,
      mdns: !options['no-mdns'],
      bootstrap: [...bootstrap],
      chain,
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(passphrase === undefined ? {} : { passphrase }),
      ...(x402 === null ? {} : { x402 }),
      log: (line: string) => output.log(line),
    });
    try {
      const server = await startApiServer({ api: node.api, dataDirectory, port: options['api-port'] });
      const { peerId, addresses, wallet, x402Url } = await node.api.request('getSnapshot', {});
      const { port, link } = server;
      output.data({ event: 'started', port, link, dataDirectory, peerId, addresses, wallet, x402Url: x402Url ?? null });
      output.text(`Dashboard: ${link}`);
      if (typeof x402Url === 'string') output.text(`x402 clients buy at ${x402Url}`);
      const unsubscribe = node.api.subscribe(reportStates(output));
      const aborted = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => aborted.resolve(), { once: true });
      if (signal.aborted) aborted.resolve();
      await Promise.race([node.closed, aborted.promise]);
      unsubscribe();
      await server.close();
    } finally {
      await node.stop();
    }
    output.data({ event: 'stopped' });
    output.text('The node has stopped.');
    return exitCodes.done;
  },
});

/** One line for every new state, not for every snapshot. */
function reportStates(output: { data(value: unknown): void; text(line: string): void }) {
  let shown = '';
  return ({ state }: { readonly state: NodeState }): void => {
    const line = renderState(state);
    if (line === shown) return;
    shown = line;
    output.data({ event: 'state', state });
    output.text(line);
  };
}

function readX402(options: {
  readonly 'x402-port': number | undefined;
  readonly 'x402-host': string;
  readonly 'rpc-url': readonly string[];
}): { readonly port: number; readonly host: string } | null {
  const { 'x402-port': port, 'x402-host': host } = options;
  if (port === undefined) return null;
  if (options['rpc-url'].length === 0)
    throw new UsageError('MISSING_OPTION', '--x402-port needs the chain that pays: --rpc-url URL is missing');
  if (isIP(host) === 0 && host !== 'localhost') {
    throw new UsageError('INVALID_VALUE', `--x402-host must be an IP address or localhost, it was given "${host}"`);
  }
  return { port, host };
}
