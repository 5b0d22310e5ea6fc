/** A node as `hearth start --x402-port` runs it sells answers of its own GPU worker to the unmodified npm packages. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { toClientEvmSigner } from '@x402/evm';
import { BatchSettlementEvmScheme } from '@x402/evm/batch-settlement/client';
import { decodePaymentResponseHeader, wrapFetchWithPayment, x402Client } from '@x402/fetch';
import { createPublicClient, http } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { startLocalChain } from '../../main/demo/local-chain.ts';

const command = fileURLToPath(new URL('../../main/headless/command/hearth.mjs', import.meta.url));

/** `hearth start` on the embedded software adapter and model, and what it said when it was up. */
async function startNode(settings: { readonly rpcUrl: string; readonly token: string }, folder: string) {
  const parameters = ['start', '--json', '--data-dir', folder, '--adapter', 'software', '--no-mdns'];
  const chain = ['--rpc-url', settings.rpcUrl, '--token', settings.token, '--listen', '/ip4/127.0.0.1/tcp/0'];
  const child = spawn(process.execPath, [command, ...parameters, ...chain, '--x402-port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line);
    if (said.event === 'started') {
      return { wallet: said.wallet as `0x${string}`, url: said.x402Url as string, link: said.link as string, child };
    }
  }
  throw new Error('the node ended before it was up');
}

function run(...parameters: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', reject);
    child.on('close', () => resolve(output));
  });
}

test('an unmodified client buys answers of a running node, which books, shows and claims them', async () => {
  const localChain = await startLocalChain();
  const folder = mkdtempSync(join(tmpdir(), 'hearth-interop-node-'));
  const { settings } = localChain;
  const node = await startNode(settings, folder);
  try {
    await localChain.fund(node.wallet, { eth: 10n ** 18n });
    const payer = privateKeyToAccount(`0x${'a7'.repeat(32)}`);
    await localChain.fund(payer.address, { usdc: 1_000_000n });
    const publicClient = createPublicClient({ transport: http(settings.rpcUrl) });
    const batch = new BatchSettlementEvmScheme(toClientEvmSigner(payer, publicClient));
    const client = new x402Client().register('eip155:31337', batch);
    client.setSpendControls(false);
    const pay = wrapFetchWithPayment(fetch, client);
    const request = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        messages: [{ role: 'user', content: 'The Congress should' }],
        max_tokens: 8,
        temperature: 0,
      }),
    };
    const bought: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const response = await pay(node.url, request);
      assert.equal(response.status, 200);
      const answer = (await response.json()) as { choices: { message: { content: string } }[] };
      bought.push(answer.choices[0]?.message.content ?? '');
      const receipt = decodePaymentResponseHeader(response.headers.get('PAYMENT-RESPONSE') ?? '');
      assert.equal(receipt.extra?.['chargedAmount'], '8');
    }
    assert.ok((bought[0]?.length ?? 0) > 3);
    assert.equal(new Set(bought).size, 1);

    const csv = (await run('earnings', '--csv', '--data-dir', folder)).trim().split('\n');
    assert.equal(csv.length, 4);
    const channels = JSON.parse(await run('channels', '--json', '--data-dir', folder));
    assert.deepEqual([channels[0].balance, channels[0].owed], ['100000', '24']);
    const report = JSON.parse(await run('claim', '--json', '--data-dir', folder));
    assert.deepEqual([report.claimed, report.settled], ['24', '24']);
    assert.equal(await localChain.usdcOf(node.wallet), 24n);
    assert.equal((await batch.refund(node.url)).success, true);
    assert.equal(await localChain.usdcOf(payer.address), 1_000_000n - 24n);
  } finally {
    node.child.kill('SIGTERM');
    await new Promise((resolve) => node.child.once('close', resolve));
    await localChain.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
