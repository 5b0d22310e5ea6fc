/** A chain of its own on loopback, with the settlement contract at its canonical address and a free test USDC. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AbiCoder, Interface } from 'ethers';
import type { Hex } from '../../protocol/agreement.ts';
import {
  depositCollectorAddress,
  permit2Address,
  permit2CollectorAddress,
  settlementAddress,
} from '../../protocol/x402.ts';
import { withoutSecrets } from '../headless/secrets.ts';
import type { ChainSettings } from '../payment/types.ts';
import { LocalChainError, findAnvilBinary } from './anvil-binary.ts';
import type { LocalChainErrorCode } from './anvil-binary.ts';

/** The test USDC of every local chain: six decimals, EIP-712 domain 'USDC' version '2', EIP-3009, open mint. */
export const localUsdcAddress: Hex = '0x1111111111111111111111111111111111110006';
export const localChainId = 31_337n;

const startTimeoutMs = 30_000;
const requestTimeoutMs = 10_000;

export interface LocalChain {
  readonly settings: ChainSettings;
  /** Adds to what the address has: `eth` in wei, `usdc` in millionths. */
  fund(address: Hex, amounts: { readonly eth?: bigint; readonly usdc?: bigint }): Promise<void>;
  /** USDC of the address in millionths. */
  usdcOf(address: Hex): Promise<bigint>;
  /** Any JSON-RPC method of anvil, for example `evm_increaseTime`. */
  request(method: string, parameters: readonly unknown[]): Promise<unknown>;
  stop(): Promise<void>;
}

/**
 * Starts anvil on 127.0.0.1; `port` 0 takes a free one. The chain ends with `stop()`, or with this process.
 * @throws LocalChainError
 */
export async function startLocalChain(options: { readonly port?: number } = {}): Promise<LocalChain> {
  const { port = 0 } = options;
  const chain = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('chain-guard.ts', import.meta.url)),
      findAnvilBinary(),
      '--host=127.0.0.1',
      `--port=${port}`,
      `--chain-id=${localChainId}`,
      '--accounts=1',
      '--no-cors',
      '--prune-history=64',
    ],
    { stdio: ['pipe', 'pipe', 'pipe'], env: { ...withoutSecrets(process.env), ELECTRON_RUN_AS_NODE: '1' } },
  );
  const stop = () => stopProcess(chain);
  try {
    const rpcUrl = `http://127.0.0.1:${await waitForPort(chain, port)}`;
    const request = (method: string, parameters: readonly unknown[]) => sendRequest(rpcUrl, method, parameters);
    await placeContracts(request);
    return {
      settings: { rpcUrl, chainId: localChainId, token: localUsdcAddress },
      fund: (address, amounts) => fund(request, address, amounts),
      async usdcOf(address) {
        const data = erc20.encodeFunctionData('balanceOf', [address]);
        return BigInt(asText(await request('eth_call', [{ to: localUsdcAddress, data }, 'latest'])));
      },
      request,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const erc20 = new Interface(['function balanceOf(address) view returns (uint256)', 'function mint(address, uint256)']);

type Request = (method: string, parameters: readonly unknown[]) => Promise<unknown>;

/**
 * `eth_call` of creation code answers the runtime code with the constructor's immutables filled in, which is what
 * `anvil_setCode` wants; the committed runtime code has zeros there. EIP712 notices that it does not stand where it was
 * constructed and computes its domain from the address it has.
 */
async function placeContracts(request: Request): Promise<void> {
  await Promise.all(
    [
      { name: 'BatchSettlement', address: settlementAddress, constructorArguments: '0x' },
      {
        name: 'ReceiveAuthorizationCollector',
        address: depositCollectorAddress,
        constructorArguments: encodeAddresses(settlementAddress),
      },
      {
        name: 'Permit2Collector',
        address: permit2CollectorAddress,
        constructorArguments: encodeAddresses(settlementAddress, permit2Address),
      },
      { name: 'LocalPermit2', address: permit2Address, constructorArguments: '0x' },
      { name: 'TestUsdc', address: localUsdcAddress, constructorArguments: '0x' },
    ].map(async ({ name, address, constructorArguments }) => {
      const creationCode = readCreationCode(name) + constructorArguments.slice(2);
      const runtimeCode = await request('eth_call', [{ data: creationCode }, 'latest']);
      await request('anvil_setCode', [address, runtimeCode]);
    }),
  );
}

function encodeAddresses(...addresses: Hex[]): string {
  return AbiCoder.defaultAbiCoder().encode(
    addresses.map(() => 'address'),
    addresses,
  );
}

function readCreationCode(contractName: string): string {
  const artifact = new URL(`../../contracts/artifacts/${contractName}.json`, import.meta.url);
  const { bytecode }: { bytecode: string } = JSON.parse(readFileSync(artifact, 'utf8'));
  return bytecode;
}

async function fund(request: Request, address: Hex, amounts: { eth?: bigint; usdc?: bigint }): Promise<void> {
  if (amounts.eth !== undefined) {
    const balance = BigInt(asText(await request('eth_getBalance', [address, 'latest'])));
    await request('anvil_setBalance', [address, `0x${(balance + amounts.eth).toString(16)}`]);
  }
  if (amounts.usdc !== undefined) {
    const accounts = await request('eth_accounts', []);
    const from = Array.isArray(accounts) ? asText(accounts[0]) : '';
    const data = erc20.encodeFunctionData('mint', [address, amounts.usdc]);
    // Anvil mines at once, but answers before the block is there; evm_mine is answered after it.
    await request('eth_sendTransaction', [{ from, to: localUsdcAddress, data, gas: '0x30d40' }]);
    await request('evm_mine', []);
  }
}

async function sendRequest(rpcUrl: string, method: string, parameters: readonly unknown[]): Promise<unknown> {
  let answer: { readonly result?: unknown; readonly error?: { readonly message: string } };
  try {
    const response = await fetch(rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: parameters }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    answer = JSON.parse(await response.text());
  } catch (cause) {
    throw new LocalChainError('CHAIN_REQUEST_FAILED', `the local chain did not answer ${method}`, { cause });
  }
  if (answer.error !== undefined) {
    throw new LocalChainError('CHAIN_REQUEST_FAILED', `the local chain refused ${method}: ${answer.error.message}`);
  }
  return answer.result;
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new LocalChainError('CHAIN_REQUEST_FAILED', `the local chain answered ${JSON.stringify(value)}, not a string`);
}

/** Anvil names its port on standard output; what else it prints (test keys) goes nowhere. */
function waitForPort(chain: ChildProcess, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (code: LocalChainErrorCode, reason: string) => {
      clearTimeout(timer);
      reject(new LocalChainError(code, `${reason}${lastLine(output)}`));
    };
    const timer = setTimeout(
      () => fail('ANVIL_TIMEOUT', `anvil was not ready after ${startTimeoutMs} ms`),
      startTimeoutMs,
    );
    const read = (data: Buffer) => {
      output = (output + data.toString('utf8')).slice(-4_096);
      const opened = /Listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1];
      if (opened === undefined) return;
      clearTimeout(timer);
      output = '';
      chain.stdout?.off('data', read).resume();
      chain.stderr?.off('data', read).resume();
      resolve(Number(opened));
    };
    chain.stdout?.on('data', read);
    chain.stderr?.on('data', read);
    chain.once('error', (error) => fail('ANVIL_FAILED', error.message));
    // 'close' comes after the output: its last line says why.
    chain.once('close', (code) => {
      if (/address.*in use|os error (?:48|98|10048)/i.test(output)) fail('PORT_IN_USE', `port ${port} is taken`);
      else fail('ANVIL_FAILED', `anvil ended with exit code ${code}`);
    });
  });
}

function lastLine(output: string): string {
  const line = output.trim().split('\n').at(-1) ?? '';
  return line === '' ? '' : `: ${line}`;
}

async function stopProcess(chain: ChildProcess): Promise<void> {
  if (chain.exitCode !== null || chain.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => chain.once('close', () => resolve()));
  chain.stdin?.end();
  await ended;
}
