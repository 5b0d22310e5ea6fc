/** What of WebAssembly the decoders use. Every host has it, but the library of this room (es2024) does not list it. */
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  interface Table {
    get(index: number): (...values: readonly number[]) => number;
  }
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  const Module: new (bytes: Uint8Array<ArrayBuffer>) => Module;
  const Memory: { readonly prototype: Memory; new (size: { readonly initial: number }): Memory };
  const Instance: new (module: Module, imports: object) => Instance;
}
