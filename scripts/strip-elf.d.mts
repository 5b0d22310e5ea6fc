export function stripElf(file: Uint8Array): Buffer;
