/** Exports of a module that Emscripten linked with embind, under the names that its author's build gave them. */
interface EmbindExports {
  readonly L: WebAssembly.Memory;
  /** Runs what C++ runs before main: here classes and functions make themselves known. */
  M(): void;
  readonly P: WebAssembly.Table;
}

/** C++ classes of an instance, called by name. Arguments are integers, or handles of values. */
export interface EmbindHost {
  /** Pointer to a new object of a class whose constructor takes one value. */
  construct(className: string, value: number): number;
  callMethod(className: string, method: string, object: number, ...values: readonly number[]): number;
  /** A handle for a value of ours, for as long as the instance lives. */
  handleOf(value: unknown): number;
}

/** What calls of C++ go through: a function of the instance's table, and what that one wants first. */
interface Invoker {
  readonly index: number;
  readonly context: number;
}

const newKind = 1;
/** Bytes between arguments that a call of ours finds in memory. */
const argumentBytes = 8;
const pageBytes = 65_536;

/**
 * Makes instances of the Basis Universal transcoder, as three's build links it, and the part of embind's host that they need. The glue
 * that comes with it makes functions out of text, which our policy forbids; here they are looked up when they are called.
 * The first instance's memory, once `prepare` has run in it, is what every one begins with: the transcoder's tables take 24 ms to fill.
 *
 * @param prepare a C++ function without arguments.
 * @param heapBytes to which an instance's memory may grow; beyond it an allocation fails as at the end of all memory.
 */
export function createEmbindFactory(
  compiled: WebAssembly.Module,
  prepare: string,
  heapBytes: number,
): () => EmbindHost {
  const functions = new Map<string, Invoker>();
  const types = { value: 0, nothing: 0 };
  const { exports, call } = createInstance(compiled, { functions, types, heapBytes });
  exports.M();
  call(prepare);
  const begin = new Uint8Array(exports.L.buffer).slice();

  return () => {
    const instance = createInstance(compiled, { functions, types, heapBytes });
    const { L: memory } = instance.exports;
    const missingBytes = begin.length - memory.buffer.byteLength;
    if (missingBytes > 0) memory.grow(missingBytes / pageBytes);
    new Uint8Array(memory.buffer).set(begin);
    return {
      construct: (className, value) => instance.call(`${className}.new`, value),
      callMethod: (className, method, object, ...list) => instance.call(`${className}.${method}`, object, ...list),
      handleOf: instance.handleOf,
    };
  };
}

interface Registry {
  /** What made itself known, the same in every instance. */
  readonly functions: Map<string, Invoker>;
  /** The ids of two types of C++. */
  readonly types: { value: number; nothing: number };
  readonly heapBytes: number;
}

function createInstance(compiled: WebAssembly.Module, { functions, types, heapBytes }: Registry) {
  const values: unknown[] = [undefined];
  const classNames = new Map<number, string>();
  const callers: ((target: unknown, method: unknown, place: number) => number)[] = [];

  function handleOf(value: unknown): number {
    return values.push(value) - 1;
  }

  function word(place: number): number {
    return new DataView(exports.L.buffer).getUint32(place, true);
  }

  function textAt(place: number): string {
    const bytes = new Uint8Array(exports.L.buffer);
    const end = bytes.indexOf(0, place);
    return String.fromCharCode(...bytes.subarray(place, end));
  }

  /** How C++ will call a function (kind 0: of an object; 1: with `new`) whose result and arguments have the listed types. */
  function addCaller(count: number, list: number, kind: number): number {
    const [result, ...parameters] = Array.from({ length: count }, (_, index) => word(list + index * 4));
    callers.push((target, method, place) => {
      const given = parameters.map((type, index) => {
        const raw = word(place + index * argumentBytes);
        return type === types.value ? values[raw] : raw;
      });
      const returned: unknown =
        kind === newKind
          ? Reflect.construct(method as new () => unknown, given)
          : Reflect.apply(method as () => unknown, target, given);
      if (result === types.nothing) return 0;
      return result === types.value ? handleOf(returned) : Number(returned);
    });
    return callers.length - 1;
  }

  function resizeHeap(requestedBytes: number): number {
    const bytes = requestedBytes >>> 0;
    if (bytes > heapBytes) return 0;
    exports.L.grow(Math.ceil((bytes - exports.L.buffer.byteLength) / pageBytes));
    return 1;
  }

  function property(handle: number, key: number): number {
    const name = String(values[key]);
    return handleOf((values[handle] as Record<string, unknown>)[name]);
  }

  const imports = {
    // Values of ours in the hands of C++. None is let go before the instance is: there are a dozen.
    b: nothing,
    e: nothing,
    k: nothing,
    g: property,
    h: (text: number) => handleOf(textAt(text)),
    j: addCaller,
    n: (handle: number) => Number(values[handle]),
    p: (caller: number, handle: number, name: number, _destructors: number, place: number) => {
      const target = values[handle] as Record<string, unknown>;
      return callers[caller]?.(target, target[textAt(name)], place) ?? 0;
    },
    q: (caller: number, handle: number, _destructors: number, place: number) =>
      callers[caller]?.(undefined, values[handle], place) ?? 0,
    r: (name: number) => {
      if (textAt(name) !== 'HEAP8') throw new Error('the decoder asked for an unknown view of its memory');
      return handleOf(new Int8Array(exports.L.buffer));
    },
    x: (name: number) => {
      if (textAt(name) !== 'Uint8Array') throw new Error('the decoder asked for something of its host');
      return handleOf(Uint8Array);
    },
    // Classes and functions that make themselves known.
    H: (type: number) => {
      types.value = type;
    },
    J: (type: number) => {
      types.nothing = type;
    },
    w: (type: number, ...rest: readonly number[]) => {
      classNames.set(type, textAt(rest[9] as number));
    },
    v: (type: number, _count: number, _types: number, _signature: number, index: number, context: number) => {
      functions.set(`${classNames.get(type)}.new`, { index, context });
    },
    d: (type: number, name: number, ...rest: readonly number[]) => {
      functions.set(`${classNames.get(type)}.${textAt(name)}`, {
        index: rest[3] as number,
        context: rest[4] as number,
      });
    },
    i: (name: number, _count: number, _types: number, _signature: number, index: number, context: number) => {
      functions.set(textAt(name), { index, context });
    },
    // Enums, constants, structures, other types: we pass integers and read none of them.
    ...Object.fromEntries([...'acflmostuzACI'].map((name) => [name, nothing])),
    // The C and C++ run time.
    B: refuse,
    D: resizeHeap,
    E: refuse,
    F: (to: number, from: number, count: number) => {
      new Uint8Array(exports.L.buffer).copyWithin(to, from, from + count);
    },
    G: refuse,
    K: refuse,
    y: refuse,
  };

  const instance = new WebAssembly.Instance(compiled, { a: imports });
  const exports = instance.exports as unknown as EmbindExports;

  function call(name: string, ...list: readonly number[]): number {
    const invoker = functions.get(name);
    if (invoker === undefined) throw new Error(`the decoder has no ${name}`);
    return exports.P.get(invoker.index)(invoker.context, ...list);
  }

  return { exports, call, handleOf };
}

function nothing(): void {}

/** An exception of C++, its end, or a file. */
function refuse(): never {
  throw new Error('the decoder gave up');
}
