/**
 * The hot key. It is in a closure of this file and nowhere else, and what can be asked of it is a list of structures: there
 * is no way to have it sign bytes, a message, other typed data or another kind of transaction.
 */
import { AbiCoder, Wallet, keccak256 } from 'ethers';
import type { TypedDataDomain } from 'ethers';
import {
  agreementTypes,
  hearthDomain,
  identityBindingTypes,
  receiptTypes,
  taskResultTypes,
} from '../../protocol/agreement.ts';
import type { Hex } from '../../protocol/agreement.ts';
import { hashTypedData } from '../../protocol/hashing/hash-typed-data.ts';
import type { TypedDataTypes } from '../../protocol/hashing/hash-typed-data.ts';
import {
  claimBatchTypes,
  depositCollectorAddress,
  receiveAuthorizationTypes,
  settlementAddress,
  settlementDomain,
  voucherTypes,
} from '../../protocol/x402.ts';
import type { KeyStore } from './key-store.ts';
import { PaymentError } from './payment-error.ts';
import { settlementCallFault } from './settlement-calls.ts';
import type { ChainSigner, Signer } from './types.ts';
import { asHex, channelIdOf, isSameAddress, voucherSignerOf } from './typed-data.ts';
import { openKey, readWalletFile, sealKey, sealersOf, walletPathOf, writeWalletFile } from './wallet-file.ts';
import type { Secrets } from './wallet-file.ts';

/** Signs for one chain; everything in the node that signs gets the part of it that it needs. */
export type HotWallet = Signer & ChainSigner;

/** A key before it is known which chain pays. */
export interface KeptWallet {
  readonly address: Hex;
  forChain(chainId: bigint): HotWallet;
}

/**
 * Loads the key of the data folder, or creates one. A file that is sealed more weakly than the secrets allow is sealed
 * anew: a plain one when a passphrase is given, either when a keychain is. One that lies plain and cannot be sealed as asked
 * stops the node; one that is sealed already stays as it is until the better store can.
 * @throws PaymentError WALLET_PERMISSIONS, WALLET_PASSPHRASE, WALLET_CORRUPT, KEYCHAIN_UNAVAILABLE
 */
export async function openWallet(options: { readonly dataDirectory: string } & Secrets): Promise<KeptWallet> {
  const path = walletPathOf(options.dataDirectory);
  const sealers = sealersOf(options);
  const content = readWalletFile(path);
  if (content === null) {
    const { privateKey } = Wallet.createRandom();
    writeWalletFile(path, await sealKey(privateKey, sealers));
    return keep(privateKey);
  }
  const { privateKey, isStale } = await openKey(content, path, options);
  const sealedBy = sealers.findIndex((store) => store.recognises(content));
  if (sealedBy === -1) writeWalletFile(path, await sealKey(privateKey, sealers));
  else if (sealedBy > 0 || isStale) await sealAnew(privateKey, sealers[0], path);
  return keep(privateKey);
}

/** It opens as it is: a keychain that does not seal it now is asked again at the next start. */
async function sealAnew(privateKey: string, sealer: KeyStore, path: string): Promise<void> {
  try {
    writeWalletFile(path, await sealer.seal(privateKey));
  } catch (error) {
    if (!(error instanceof PaymentError) || error.code !== 'KEYCHAIN_UNAVAILABLE') throw error;
  }
}

function keep(privateKey: string): KeptWallet {
  const { address } = new Wallet(privateKey);
  return { address: asHex(address), forChain: (chainId) => createWallet(privateKey, chainId) };
}

/**
 * A wallet around a key in memory, for the chain with this id. Every call throws PaymentError SIGNING_REFUSED where what it
 * is given is not the wallet's to sign: somebody else's agreement, channel or deposit, another contract, another function.
 */
export function createWallet(privateKey: string, chainId: bigint): HotWallet {
  const wallet = new Wallet(privateKey);
  const address = asHex(wallet.address);
  const hearth = hearthDomain(chainId, settlementAddress);
  const settlement = settlementDomain(chainId);

  function sign(what: string, domain: TypedDataDomain, types: TypedDataTypes, value: object): Hex {
    try {
      return asHex(wallet.signingKey.sign(hashTypedData(domain, types, value)).serialized);
    } catch (cause) {
      throw new PaymentError('SIGNING_REFUSED', `this is no ${what}: a field is missing or out of its range`, {
        cause,
      });
    }
  }

  function requireOwn(what: string, ...owners: readonly string[]): void {
    if (owners.some((owner) => isSameAddress(owner, address))) return;
    throw new PaymentError('SIGNING_REFUSED', `${what} is ${owners.join(' and ')}, this wallet is ${address}`);
  }

  return Object.freeze<HotWallet>({
    address,
    async signBinding(binding) {
      requireOwn('the wallet of the binding', binding.wallet);
      return sign('identity binding', hearth, identityBindingTypes, binding);
    },
    async signAgreement(agreement) {
      requireOwn('who agrees', agreement.requester, agreement.provider);
      return sign('agreement', hearth, agreementTypes, agreement);
    },
    signResult: async (result) => sign('result', hearth, taskResultTypes, result),
    signReceipt: async (receipt) => sign('receipt', hearth, receiptTypes, receipt),
    async signVoucher(channel, maxClaimableAmount) {
      requireOwn('who signs for the channel', voucherSignerOf(channel));
      const voucher = { channelId: channelIdOf(channel, chainId), maxClaimableAmount };
      return { ...voucher, signature: sign('voucher', settlement, voucherTypes, voucher) };
    },
    async signClaims(rows) {
      const claims = rows.map(({ config, maxClaimableAmount, totalClaimed }) => {
        requireOwn('who claims from the channel', config.receiverAuthorizer);
        return { channelId: channelIdOf(config, chainId), maxClaimableAmount, totalClaimed };
      });
      return sign('batch of claims', settlement, claimBatchTypes, { claims });
    },
    async signDeposit({ config, amount, validBefore, salt, tokenDomain }) {
      requireOwn('the payer of the channel', config.payer);
      const domain = { ...tokenDomain, chainId, verifyingContract: config.token };
      return sign('deposit', domain, receiveAuthorizationTypes, {
        from: address,
        // Into this channel and nowhere else: the collector recomputes the nonce from it.
        to: depositCollectorAddress,
        value: amount,
        validAfter: 0n,
        validBefore,
        nonce: keccak256(
          AbiCoder.defaultAbiCoder().encode(['bytes32', 'uint256'], [channelIdOf(config, chainId), salt]),
        ),
      });
    },
    async signTransaction({ data, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas }) {
      const fault = settlementCallFault(data);
      if (fault !== undefined) throw new PaymentError('SIGNING_REFUSED', fault);
      const fees = { gasLimit, maxFeePerGas, maxPriorityFeePerGas };
      return asHex(
        await wallet.signTransaction({ type: 2, chainId, to: settlementAddress, value: 0n, data, nonce, ...fees }),
      );
    },
  });
}
