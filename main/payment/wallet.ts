/** The hot key: signs vouchers, agreements, results and the node's own transactions. Pay-outs may go to another address. */
import { Wallet } from 'ethers';
import type { TransactionLike } from 'ethers';
import type { Hex } from '../../protocol/agreement.ts';
import { asHex } from './typed-data.ts';
import type { Signer } from './types.ts';
import { openKey, readWalletFile, storesFor, walletPathOf, writeWalletFile } from './wallet-file.ts';
import type { Secrets } from './wallet-file.ts';

export interface HotWallet extends Signer {
  /** A serialized, signed transaction, ready to be sent. */
  signTransaction(transaction: TransactionLike): Promise<Hex>;
}

/**
 * Loads the key of the data folder, or creates one. A file that is sealed more weakly than the secrets allow is sealed
 * anew: a plain one when a passphrase is given, either when a keychain is.
 * @throws PaymentError WALLET_PERMISSIONS, WALLET_PASSPHRASE, WALLET_CORRUPT, KEYCHAIN_UNAVAILABLE
 */
export async function openWallet(options: { readonly dataDirectory: string } & Secrets): Promise<HotWallet> {
  const path = walletPathOf(options.dataDirectory);
  const stores = storesFor(options);
  const content = readWalletFile(path);
  if (content === null) {
    const { privateKey } = Wallet.createRandom();
    writeWalletFile(path, await stores[0].seal(privateKey));
    return createWallet(privateKey);
  }
  const privateKey = await openKey(content, path, stores);
  const isWeaker = stores.findIndex((store) => store.recognises(content)) > 0;
  const mayBeSealed = options.passphrase !== undefined || options.keyStore !== undefined;
  if (isWeaker && mayBeSealed) writeWalletFile(path, await stores[0].seal(privateKey));
  return createWallet(privateKey);
}

/** A wallet around a key in memory. The key is in this closure and nowhere else. */
export function createWallet(privateKey: string): HotWallet {
  const wallet = new Wallet(privateKey);
  return {
    address: asHex(wallet.address),
    signTypedData: async (domain, types, value) => asHex(await wallet.signTypedData(domain, types, value)),
    signTransaction: async (transaction) => asHex(await wallet.signTransaction(transaction)),
  };
}
