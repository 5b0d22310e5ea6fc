/**
 * @huggingface/jinja as this engine sees it. Its declarations import each other without file endings, which Node's resolution does not
 * follow, so what is used of it is declared here.
 */
import * as jinja from '@huggingface/jinja';

/** A value while a template runs; `value` is a string, number, boolean, null, array of values or map of values, by `type`. */
export interface RuntimeValue {
  readonly type: string;
  readonly value: unknown;
}

/** A node of a parsed template; what else it has depends on `type`. */
export interface SyntaxNode {
  readonly type: string;
  readonly [part: string]: unknown;
}

/** Variables by name. */
export interface Scope {
  /** Takes JSON values and functions of them. */
  set(name: string, value: unknown): RuntimeValue;
}

/** Walks a parsed template; every node and every part of it goes through `evaluate`. */
export interface Interpreter {
  evaluate(node: SyntaxNode | undefined, scope: Scope): RuntimeValue;
  run(program: SyntaxNode): RuntimeValue;
}

interface Library {
  readonly Environment: new () => Scope;
  readonly Interpreter: new (scope: Scope) => Interpreter;
  readonly tokenize: (source: string, options: { lstrip_blocks: boolean; trim_blocks: boolean }) => readonly unknown[];
  readonly parse: (tokens: readonly unknown[]) => SyntaxNode;
}

const library = jinja as unknown as Library;

export const BaseInterpreter = library.Interpreter;

export function createScope(): Scope {
  return new library.Environment();
}

/** With the white space rules that model authors write for. @throws whatever the library throws */
export function parseTemplate(source: string): SyntaxNode {
  return library.parse(library.tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
}
