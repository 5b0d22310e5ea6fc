/** The contracts on a chain of their own, called the way anybody may call them: raw, without the node's checks. */
import { AbiCoder, Contract, Interface, JsonRpcProvider, Network, Wallet, keccak256, toUtf8Bytes } from 'ethers';
import { startLocalChain } from '../../main/demo/local-chain.ts';
import type { Hex } from '../../protocol/agreement.ts';
import {
  claimBatchTypes,
  depositCollectorAddress,
  permit2Address,
  permit2CollectorAddress,
  permit2DepositTypes,
  permit2Domain,
  receiveAuthorizationTypes,
  refundTypes,
  settlementAddress,
  settlementDomain,
  voucherTypes,
} from '../../protocol/x402.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import { channelIdOf } from '../../main/payment/typed-data.ts';
import { readStoredArtifact } from '../../scripts/compile-contracts.ts';

export const day = 86_400;

export interface VoucherClaim {
  readonly voucher: { readonly channel: ChannelConfig; readonly maxClaimableAmount: bigint };
  readonly signature: string;
  readonly totalClaimed: bigint;
}

function abiOf(name: string): Interface {
  return new Interface(JSON.parse(readStoredArtifact(name)).abi);
}

export function addressOf(wallet: { readonly address: string }): Hex {
  return `0x${wallet.address.slice(2)}`;
}

export async function openStage() {
  const chain = await startLocalChain();
  const { chainId, token, rpcUrl } = chain.settings;
  const provider = new JsonRpcProvider(rpcUrl, Network.from(chainId), {
    staticNetwork: true,
    cacheTimeout: -1,
    batchStallTime: 0,
    pollingInterval: 20,
  });
  const settlementAbi = abiOf('BatchSettlement');
  const tokenAbi = abiOf('TestUsdc');
  const errorAbis = [settlementAbi, tokenAbi, abiOf('ReceiveAuthorizationCollector'), abiOf('LocalPermit2')];
  const settlement = new Contract(settlementAddress, settlementAbi, provider);
  const usdc = new Contract(token, tokenAbi, provider);

  async function createAccount(name: string, dollars = 0n): Promise<Wallet> {
    const wallet = new Wallet(keccak256(toUtf8Bytes(name)), provider);
    await chain.fund(addressOf(wallet), { eth: 10n ** 18n, usdc: dollars });
    return wallet;
  }

  function configOf(payer: Wallet, receiver: Wallet, changes: Partial<ChannelConfig> = {}): ChannelConfig {
    return {
      payer: addressOf(payer),
      payerAuthorizer: addressOf(payer),
      receiver: addressOf(receiver),
      receiverAuthorizer: addressOf(receiver),
      token,
      withdrawDelay: day,
      salt: `0x${'00'.repeat(32)}`,
      ...changes,
    };
  }

  /** Sends the call and waits; throws an Error whose message is the contract's error name. */
  async function send(from: Wallet, address: Hex, abi: Interface, name: string, values: readonly unknown[]) {
    try {
      const transaction = await from.sendTransaction({ to: address, data: abi.encodeFunctionData(name, values) });
      const receipt = await transaction.wait();
      if (receipt === null) throw new Error('not mined');
      return receipt;
    } catch (error) {
      const data = error instanceof Error && 'data' in error ? error.data : undefined;
      if (typeof data !== 'string') throw error;
      const parsed = errorAbis.map((abi) => abi.parseError(data)).find((found) => found !== null);
      throw new Error(parsed?.name ?? data, { cause: error });
    }
  }

  const call = (from: Wallet, name: string, values: readonly unknown[]) =>
    send(from, settlementAddress, settlementAbi, name, values);
  const callToken = (from: Wallet, name: string, values: readonly unknown[]) =>
    send(from, token, tokenAbi, name, values);

  let salt = 0n;
  async function authorize(payer: Wallet, config: ChannelConfig, amount: bigint): Promise<string> {
    salt += 1n;
    const coder = AbiCoder.defaultAbiCoder();
    const validBefore = 2n ** 40n;
    const nonce = keccak256(coder.encode(['bytes32', 'uint256'], [channelIdOf(config, chainId), salt]));
    const signature = await payer.signTypedData(
      { name: 'USDC', version: '2', chainId, verifyingContract: token },
      receiveAuthorizationTypes,
      { from: payer.address, to: depositCollectorAddress, value: amount, validAfter: 0n, validBefore, nonce },
    );
    return coder.encode(['uint256', 'uint256', 'uint256', 'bytes'], [0n, validBefore, salt, signature]);
  }

  /** Collector data of a deposit by Permit2; the payer must have approved Permit2 for the token. */
  async function permit(payer: Wallet, config: ChannelConfig, amount: bigint): Promise<string> {
    salt += 1n;
    const deadline = 2n ** 40n;
    const signature = await payer.signTypedData(permit2Domain(chainId), permit2DepositTypes, {
      permitted: { token, amount },
      spender: permit2CollectorAddress,
      nonce: salt,
      deadline,
      witness: { channelId: channelIdOf(config, chainId) },
    });
    return AbiCoder.defaultAbiCoder().encode(
      ['uint256', 'uint256', 'bytes', 'bytes'],
      [salt, deadline, signature, '0x'],
    );
  }

  return {
    chain,
    settlement,
    usdc,
    settlementAbi,
    createAccount,
    configOf,
    call,
    callToken,
    authorize,
    permit,
    approvePermit2: (payer: Wallet) => callToken(payer, 'approve', [permit2Address, 2n ** 255n]),
    idOf: (config: ChannelConfig) => channelIdOf(config, chainId),
    async deposit(payer: Wallet, config: ChannelConfig, amount: bigint, sender = payer) {
      const data = await authorize(payer, config, amount);
      return call(sender, 'deposit', [config, amount, depositCollectorAddress, data]);
    },
    async voucher(
      signer: Wallet,
      channel: ChannelConfig,
      maxClaimableAmount: bigint,
      totalClaimed = maxClaimableAmount,
    ): Promise<VoucherClaim> {
      const content = { channelId: channelIdOf(channel, chainId), maxClaimableAmount };
      const signature = await signer.signTypedData(settlementDomain(chainId), voucherTypes, content);
      return { voucher: { channel, maxClaimableAmount }, signature, totalClaimed };
    },
    signBatch: (signer: Wallet, rows: readonly VoucherClaim[]) =>
      signer.signTypedData(settlementDomain(chainId), claimBatchTypes, {
        claims: rows.map((row) => ({
          channelId: channelIdOf(row.voucher.channel, chainId),
          maxClaimableAmount: row.voucher.maxClaimableAmount,
          totalClaimed: row.totalClaimed,
        })),
      }),
    signRefund: (signer: Wallet, config: ChannelConfig, nonce: bigint, amount: bigint) =>
      signer.signTypedData(settlementDomain(chainId), refundTypes, {
        channelId: channelIdOf(config, chainId),
        nonce,
        amount,
      }),
    /** Balance, claimed and pending withdrawal of the channel. */
    async stateOf(config: ChannelConfig) {
      const id = channelIdOf(config, chainId);
      const channel = await settlement.getFunction('channels')(id);
      const withdrawal = await settlement.getFunction('pendingWithdrawals')(id);
      return { balance: channel[0], totalClaimed: channel[1], withdrawing: withdrawal[0] };
    },
    usdcOf: (account: { readonly address: string }) => chain.usdcOf(addressOf(account)),
    async pass(seconds: number) {
      await chain.request('evm_increaseTime', [seconds]);
      await chain.request('evm_mine', []);
    },
    async close() {
      provider.destroy();
      await chain.stop();
    },
  };
}

export type Stage = Awaited<ReturnType<typeof openStage>>;
