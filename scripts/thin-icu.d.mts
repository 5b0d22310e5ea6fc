export function thinIcuData(file: Buffer): number;
