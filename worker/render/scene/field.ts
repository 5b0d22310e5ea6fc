import { SceneError } from './scene-error.ts';

/** A value of the JSON document together with the path that leads to it, for messages. */
export interface Field {
  readonly path: string;
  readonly value: unknown;
}

/** The member `key` of an object, or undefined when it is absent. */
export function optionalMember(parent: Field, key: string): Field | undefined {
  const value = objectOf(parent);
  if (!Object.hasOwn(value, key)) return undefined;
  return { path: parent.path === '' ? key : `${parent.path}.${key}`, value: value[key] };
}

/** @throws SceneError when the member is absent. */
export function member(parent: Field, key: string): Field {
  const found = optionalMember(parent, key);
  if (found !== undefined) return found;
  const path = parent.path === '' ? key : `${parent.path}.${key}`;
  throw new SceneError('invalid-field', `${path} is required but absent`, { field: path });
}

function objectOf(field: Field): Record<string, unknown> {
  const { value } = field;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(field, 'an object');
}

/** Elements of an array with their paths. @throws SceneError when it is no array or longer than `maximumLength`. */
export function elementsOf(field: Field, maximumLength: number): Field[] {
  if (!Array.isArray(field.value)) throw invalid(field, 'an array');
  const values: unknown[] = field.value;
  if (values.length > maximumLength) {
    throw new SceneError(
      'limit-exceeded',
      `${field.path} has ${values.length} entries; the limit is ${maximumLength}`,
      { field: field.path, value: values.length, limit: maximumLength },
    );
  }
  return values.map((value, index) => ({ path: `${field.path}[${index}]`, value }));
}

/** The array `key` of `parent`, empty when absent. */
export function listMember(parent: Field, key: string, maximumLength: number): Field[] {
  const found = optionalMember(parent, key);
  return found === undefined ? [] : elementsOf(found, maximumLength);
}

export function numberOf(field: Field, minimum: number, maximum: number): number {
  const { value } = field;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(field, 'a finite number');
  if (value >= minimum && value <= maximum) return value;
  throw new SceneError('out-of-range', `${field.path} is ${value}; it must lie in ${minimum}..${maximum}`, {
    field: field.path,
    value,
    limit: `${minimum}..${maximum}`,
  });
}

export function integerOf(field: Field, minimum: number, maximum: number): number {
  const value = numberOf(field, minimum, maximum);
  if (!Number.isSafeInteger(value)) throw invalid(field, 'an integer');
  return value;
}

/** An index into a list of `count` entries called `listName`. */
export function indexOf(field: Field, count: number, listName: string): number {
  const { value } = field;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw invalid(field, 'an index');
  if (value < count) return value;
  throw new SceneError('out-of-range', `${field.path} is ${value}, but ${listName} has ${count} entries`, {
    field: field.path,
    value,
    limit: count,
  });
}

/** Exactly `length` numbers, each in minimum..maximum. */
export function tupleOf(field: Field, length: number, minimum: number, maximum: number): number[] {
  const elements = elementsOf(field, Math.max(length, 64));
  if (elements.length !== length) {
    throw new SceneError('invalid-field', `${field.path} has ${elements.length} numbers; it must have ${length}`, {
      field: field.path,
      value: elements.length,
      limit: length,
    });
  }
  return elements.map((element) => numberOf(element, minimum, maximum));
}

export function stringOf(field: Field): string {
  if (typeof field.value !== 'string') throw invalid(field, 'a string');
  return field.value;
}

/** The name of an object as a list of none or one. */
export function nameOf(field: Field): string[] {
  const name = optionalMember(field, 'name');
  return name === undefined ? [] : [stringOf(name)];
}

export function booleanOf(field: Field): boolean {
  if (typeof field.value !== 'boolean') throw invalid(field, 'true or false');
  return field.value;
}

/** The error for a field of the wrong kind; long values are cut so that a message stays a sentence. */
export function invalid(field: Field, expected: string): SceneError {
  const text = (JSON.stringify(field.value) ?? 'undefined').slice(0, 60);
  return new SceneError('invalid-field', `${field.path || 'the document'} is ${text}; it must be ${expected}`, {
    field: field.path,
    value: text,
    limit: expected,
  });
}

/** The error for something glTF allows and this renderer cannot show: refused before anybody pays for a wrong picture. */
export function unsupported(field: Field, what: string): SceneError {
  return new SceneError('unsupported-feature', `${field.path} uses ${what}, which this renderer does not support`, {
    field: field.path,
    value: what,
  });
}
