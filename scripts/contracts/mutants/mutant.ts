/**
 * Hand-written mistakes in the contracts, each of which the forge suite must notice. A mutant is exact text in, exact text
 * out; text that is not found, or found twice, fails the run, so that the list cannot rot.
 */
export interface Mutant {
  /** What is wrong, as a reviewer would say it. */
  readonly name: string;
  /** The file in contracts/. */
  readonly file: string;
  readonly edits: readonly (readonly [search: string, replace: string])[];
  /** The invariant that must notice it by itself, `I1` to `I11`; the unit and fuzz tests must notice every mutant. */
  readonly invariant?: string;
}

/** A mutant of the settlement contract. */
export function settlement(name: string, search: string, replace: string, invariant?: string): Mutant {
  const mutant = inFile('BatchSettlement.sol', name, search, replace);
  return invariant === undefined ? mutant : { ...mutant, invariant };
}

export function inFile(file: string, name: string, search: string, replace: string): Mutant {
  return { name, file, edits: [[search, replace]] };
}
