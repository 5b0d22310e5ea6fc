export { openHttpChain } from './http-chain.ts';
export type { HttpChain } from './http-chain.ts';
export { createHttpPayments } from './http-payments.ts';
export type {
  HttpAnswer,
  HttpPayments,
  HttpPaymentsOptions,
  PaidRequest,
  RequestTerms,
  Serve,
  ServedAnswer,
} from './http-payments.ts';
export { paymentSignatureHeader } from './wire.ts';
