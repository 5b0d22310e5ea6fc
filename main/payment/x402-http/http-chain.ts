/** The chain calls of HTTP payments: deposits that the client authorized, and refunds after what is earned is claimed. */
import { AbiCoder, Interface, toBigInt } from 'ethers';
import type { Hex } from '../../../protocol/agreement.ts';
import { batchSettlementAbi } from '../../../protocol/contracts/batch-settlement.ts';
import type { BatchSettlementFunctions } from '../../../protocol/contracts/batch-settlement.ts';
import { depositCollectorAddress, permit2CollectorAddress, settlementAddress } from '../../../protocol/x402.ts';
import type { ChannelConfig } from '../../../protocol/x402.ts';
import type { ChainClient, ChannelOnChain, ClaimRow } from '../chain-client.ts';
import { PaymentError } from '../payment-error.ts';
import { openRpcEndpoints } from '../rpc-endpoints.ts';
import { tokenInterface } from '../settlement-abi.ts';
import { sendTransactions } from '../transaction-sender.ts';
import { asHex } from '../typed-data.ts';
import { confirmationsOf } from '../types.ts';
import type { ChainSettings, ChainSigner } from '../types.ts';
import type { DepositAuthorization } from './wire.ts';

/** Reads and writes throw PaymentError, as the ChainClient's do. */
export interface HttpChain {
  readonly settings: ChainSettings;
  readChannel(channelId: Hex): Promise<ChannelOnChain>;
  readRefundNonce(channelId: Hex): Promise<bigint>;
  /** Resolves when the deposit lies as deep as it must to count. */
  deposit(config: ChannelConfig, amount: bigint, authorization: DepositAuthorization): Promise<Hex>;
  /** In one transaction: claims the row, when there is one, then gives `amount` back to the payer. */
  refund(config: ChannelConfig, amount: bigint, claim: ClaimRow | null): Promise<Hex>;
  /** Of the token, as clients sign deposits with it. */
  readTokenDomain(): Promise<{ readonly name: string; readonly version: string }>;
  close(): void;
}

const abi = new Interface(batchSettlementAbi);

export function openHttpChain(parts: { readonly chain: ChainClient; readonly wallet: ChainSigner }): HttpChain {
  const { chain, wallet } = parts;
  const { settings } = chain;
  const endpoints = openRpcEndpoints(settings);
  const sender = sendTransactions({
    endpoints,
    wallet,
    settings,
    confirmationTimeoutMs: 90_000,
    stuckAfterMs: 20_000,
  });

  async function send(data: string): Promise<Hex> {
    return (await sender.send(asHex(data))).transactionHash;
  }

  async function readText(name: 'name' | 'version'): Promise<string> {
    const data = tokenInterface.encodeFunctionData(name);
    try {
      const answer = await endpoints.first((provider) => provider.call({ to: settings.token, data }));
      return String(tokenInterface.decodeFunctionResult(name, answer)[0]);
    } catch (cause) {
      if (cause instanceof PaymentError) throw cause;
      const message = `the token ${settings.token} does not tell its ${name}, which deposits need`;
      throw new PaymentError('CHAIN_MISMATCH', message, { cause });
    }
  }

  return {
    settings,
    readChannel: (channelId) => chain.readChannel(channelId, confirmationsOf(settings)),
    async readRefundNonce(channelId) {
      const data = encode('refundNonce', [channelId]);
      return toBigInt(await endpoints.first((provider) => provider.call({ to: settlementAddress, data })));
    },
    async deposit(config, amount, authorization) {
      const collector = authorization.method === 'eip3009' ? depositCollectorAddress : permit2CollectorAddress;
      const hash = await send(encode('deposit', [config, amount, collector, encodeAuthorization(authorization)]));
      await sender.waitForBlocks(confirmationsOf(settings));
      return hash;
    },
    async refund(config, amount, claim) {
      return (await chain.refund(config, amount, claim)).transactionHash;
    },
    async readTokenDomain() {
      const [name, version] = await Promise.all([readText('name'), readText('version')]);
      return { name, version };
    },
    close: endpoints.close,
  };
}

function encode<Name extends keyof BatchSettlementFunctions>(
  name: Name,
  inputs: BatchSettlementFunctions[Name]['inputs'],
): Hex {
  return asHex(abi.encodeFunctionData(name, [...inputs]));
}

/** What each collector decodes. */
function encodeAuthorization(authorization: DepositAuthorization): Hex {
  const coder = AbiCoder.defaultAbiCoder();
  const { signature } = authorization;
  if (authorization.method === 'permit2') {
    const { nonce, deadline } = authorization;
    return asHex(coder.encode(['uint256', 'uint256', 'bytes', 'bytes'], [nonce, deadline, signature, '0x']));
  }
  const { validAfter, validBefore, salt } = authorization;
  return asHex(coder.encode(['uint256', 'uint256', 'uint256', 'bytes'], [validAfter, validBefore, salt, signature]));
}
