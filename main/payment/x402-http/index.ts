export { openChannelBook } from './channel-book.ts';
export type { BookedChannel, ChannelBook } from './channel-book.ts';
export { openHttpChain } from './http-chain.ts';
export type { HttpChain } from './http-chain.ts';
export { createHttpPayments } from './http-payments.ts';
export type { HttpAnswer, HttpPayments, HttpPaymentsOptions, PaidRequest } from './http-payments.ts';
export { paymentSignatureHeader } from './wire.ts';
