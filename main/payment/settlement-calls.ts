/** The calls of the settlement contract that a wallet sends: what moves money only as the channels' own terms allow. */
import type { Hex } from '../../protocol/agreement.ts';
import { settlementInterface as abi } from './settlement-abi.ts';

const sent = ['deposit', 'claim', 'settle', 'refund'];

/** Why these call data are not the wallet's to send, as a sentence; undefined when they are. One `multicall` may hold others. */
export function settlementCallFault(data: Hex): string | undefined {
  const outer = nameOf(data);
  if (outer !== 'multicall') return faultOf(outer);
  const inner: readonly Hex[] = abi.decodeFunctionData('multicall', data).getValue('data');
  return inner.map((call) => faultOf(nameOf(call))).find((fault) => fault !== undefined);
}

/** Undefined for what is no call, or one of no function of the contract's. */
function nameOf(data: Hex): string | undefined {
  try {
    return abi.parseTransaction({ data })?.name;
  } catch {
    return undefined;
  }
}

function faultOf(name: string | undefined): string | undefined {
  if (name !== undefined && sent.includes(name)) return undefined;
  const what = name === undefined ? 'something that is no call of the settlement contract' : `"${name}"`;
  return `a transaction of this wallet calls ${sent.join(', ')} of the settlement contract, this one ${what}`;
}
