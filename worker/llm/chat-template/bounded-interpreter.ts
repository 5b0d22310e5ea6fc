import { BaseInterpreter, type RuntimeValue, type Scope, type SyntaxNode } from './jinja.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import { TemplateError } from './template-error.ts';
import { ValueSizes } from './value-size.ts';

/** A node being evaluated, with the values of its parts so far, in the order they were evaluated. */
interface Frame {
  readonly node: SyntaxNode;
  readonly parts: RuntimeValue[];
}

/** Operations over values that their parts' sizes do not bound alone; the other nodes only pass values on. */
const OPERATIONS: ReadonlySet<string> = new Set([
  'CallExpression',
  'FilterExpression',
  'BinaryExpression',
  'MemberExpression',
  'For',
]);
/** Look a value up without making or reading it. */
const LOOK_UPS: ReadonlySet<string> = new Set(['Identifier', 'MemberExpression']);
/** Filters that take an argument and yet return no more than they are given. */
const MODEST_FILTERS: ReadonlySet<string> = new Set(['default', 'd', 'int', 'float']);
const CHARACTERS_PER_UNIT = 16;
const CHARACTERS_PER_UNIT_JOINED = 256;
/** An element of a list that a function makes, say by splitting. */
const UNITS_PER_MADE = 4;
/** A round of a loop makes its variables, even when its body is empty. */
const UNITS_PER_ROUND = 16;

/**
 * Runs a stranger's template within bounds. All evaluation goes through `evaluate`, so that counting there counts everything: each node
 * is a unit of work and so are each sixteen characters that an operation reads or makes; no value may grow beyond a size; and an
 * operation that could multiply its parts' sizes (replacing, joining, indenting, searching) is refused before it runs when the product of
 * the two largest is too much. Together they bound time and memory, the same on every machine.
 */
export class BoundedInterpreter extends BaseInterpreter {
  readonly #sizes = new ValueSizes();
  readonly #startedAtMs = Date.now();
  #work = 0;
  #steps = 0;
  #depth = 0;
  #frame: Frame | undefined;

  override evaluate(node: SyntaxNode | undefined, scope: Scope): RuntimeValue {
    if (node === undefined) return super.evaluate(node, scope);
    this.#countStep(node);
    const parent = this.#frame;
    const frame = OPERATIONS.has(node.type) ? { node, parts: [] } : undefined;
    this.#frame = frame;
    this.#depth += 1;
    let value: RuntimeValue;
    try {
      value = super.evaluate(node, scope);
    } finally {
      // Loops are left by exceptions.
      this.#depth -= 1;
      this.#frame = parent;
    }
    this.#countResult(node, frame, value);
    if (parent !== undefined) this.#offer(parent, node, frame, value);
    return value;
  }

  #countStep(node: SyntaxNode): void {
    this.#steps += 1;
    this.#spend(node.type === 'Macro' || node.type === 'CallStatement' ? 1024 : 1);
    if (this.#depth >= TEMPLATE_LIMITS.callDepth) {
      throw tooExpensive(`nests deeper than ${TEMPLATE_LIMITS.callDepth}`, this.#depth, TEMPLATE_LIMITS.callDepth);
    }
    const durationMs = this.#steps % 256 === 0 ? Date.now() - this.#startedAtMs : 0;
    if (durationMs > TEMPLATE_LIMITS.durationMs) {
      throw tooExpensive(
        `runs for ${durationMs} ms; at most ${TEMPLATE_LIMITS.durationMs} ms`,
        durationMs,
        TEMPLATE_LIMITS.durationMs,
      );
    }
    // Their operands are not parts evaluated on their own, and no template needs them.
    const isUnbounded =
      (node.type === 'FilterStatement' && typeOf(node['filter']) === 'CallExpression') ||
      (node.type === 'CallStatement' && typeOf(partOf(node['call'], 'callee')) !== 'Identifier');
    if (isUnbounded) throw tooExpensive(`uses a ${node.type} whose cost cannot be told`, 0, 0);
  }

  #countResult(node: SyntaxNode, frame: Frame | undefined, value: RuntimeValue): void {
    // Throws where any value is too large, also one that is only passed on.
    this.#sizes.sizeOf(value);
    if (isConcatenation(node, value)) {
      // Texts are put together without being copied.
      this.#spend(Math.ceil(shallowSizeOf(value) / CHARACTERS_PER_UNIT_JOINED));
    } else {
      if (!LOOK_UPS.has(node.type)) this.#spend(unitsOf(value) * (node.type === 'CallExpression' ? UNITS_PER_MADE : 1));
      for (const part of frame?.parts ?? []) this.#spend(this.#unitsToRead(node, part));
    }
    const isMethodOfText = value.type === 'FunctionValue' && node.type === 'MemberExpression';
    if (isMethodOfText && typeof frame?.parts[0]?.value === 'string' && this.#frame?.node['callee'] !== node) {
      throw tooExpensive('keeps a method of a text for later, where its cost cannot be told', 0, 0);
    }
  }

  #unitsToRead(node: SyntaxNode, part: RuntimeValue): number {
    // Cuts a text into an element per character.
    if (typeOf(node['property']) === 'SliceExpression') return shallowSizeOf(part);
    if (node.type === 'MemberExpression') return 0;
    const name = nameOfFilter(node);
    if (name === 'join') return shallowSizeOf(part);
    if (name?.includes('sort')) return 16 * shallowSizeOf(part) + this.#sizes.sizeOf(part) / CHARACTERS_PER_UNIT;
    return unitsOf(part);
  }

  /** Hands a part's value to the operation it is part of, which runs after its last part. */
  #offer(parent: Frame, node: SyntaxNode, frame: Frame | undefined, value: RuntimeValue): void {
    if (parent.node.type === 'For') {
      const { iterable } = parent.node;
      if (node === iterable || node === partOf(iterable, 'lhs')) this.#spend(UNITS_PER_ROUND * shallowSizeOf(value));
      return;
    }
    parent.parts.push(value);
    const isCallee = parent.node['callee'] === node && node.type === 'MemberExpression';
    // The text whose method is called.
    if (isCallee && frame?.parts[0] !== undefined) parent.parts.push(frame.parts[0]);
    const scale = multiplierOf(parent);
    if (scale === 0) return;
    let largest = 1;
    let second = 1;
    for (const part of parent.parts) {
      const size = typeof part.value === 'number' ? Math.abs(part.value) * scale : this.#sizes.sizeOf(part);
      if (size > largest) [largest, second] = [size, largest];
      else if (size > second) second = size;
    }
    if (largest * second > TEMPLATE_LIMITS.operationSize) {
      throw tooExpensive(
        `could make ${largest} times ${second} characters in one step; at most ${TEMPLATE_LIMITS.operationSize}`,
        largest * second,
        TEMPLATE_LIMITS.operationSize,
      );
    }
  }

  #spend(units: number): void {
    this.#work += units;
    if (this.#work > TEMPLATE_LIMITS.work) {
      throw tooExpensive(`takes more than ${TEMPLATE_LIMITS.work} units of work`, this.#work, TEMPLATE_LIMITS.work);
    }
  }
}

/** How many characters a number given to the operation can stand for, if its parts multiply at all; else 0. */
function multiplierOf({ node, parts }: Frame): number {
  if (node.type === 'CallExpression') return typeOf(node['callee']) === 'MemberExpression' ? 1 : 0;
  if (node.type === 'BinaryExpression') {
    const operator = partOf(node['operator'], 'value');
    const isSearch = operator === 'in' || operator === 'not in';
    return isSearch && parts.every(({ value }) => typeof value === 'string') ? 1 : 0;
  }
  const name = nameOfFilter(node);
  if (name === undefined || typeOf(node['filter']) !== 'CallExpression' || MODEST_FILTERS.has(name)) return 0;
  // Every level is indented by that much again.
  return name === 'tojson' ? TEMPLATE_LIMITS.valueDepth : 1;
}

function isConcatenation(node: SyntaxNode, { value }: RuntimeValue): boolean {
  const operator = node.type === 'BinaryExpression' ? partOf(node['operator'], 'value') : undefined;
  return typeof value === 'string' && (operator === '+' || operator === '~');
}

function nameOfFilter(node: SyntaxNode): string | undefined {
  const filter = node.type === 'FilterExpression' ? node['filter'] : undefined;
  const name = partOf(typeOf(filter) === 'CallExpression' ? partOf(filter, 'callee') : filter, 'value');
  return typeof name === 'string' ? name : undefined;
}

function unitsOf(value: RuntimeValue): number {
  const size = shallowSizeOf(value);
  return typeof value.value === 'string' ? Math.ceil(size / CHARACTERS_PER_UNIT) : size;
}

/** Characters of a text, elements of anything else. */
function shallowSizeOf({ value }: RuntimeValue): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : 1;
}

function partOf(node: unknown, part: string): unknown {
  return typeof node === 'object' && node !== null ? (node as SyntaxNode)[part] : undefined;
}

function typeOf(node: unknown): unknown {
  return partOf(node, 'type');
}

function tooExpensive(what: string, value: number, limit: number): TemplateError {
  return new TemplateError('TEMPLATE_TOO_EXPENSIVE', `the chat template ${what}`, { data: { value, limit } });
}
