/**
 * `target` with some members replaced. Dawn's objects check their receiver, so every other member is reached on the real
 * object: methods bound to it, getters called on it.
 */
export function override<Target extends object>(target: Target, replacements: Partial<Target>): Target {
  return new Proxy(target, {
    get(object, key) {
      if (Object.hasOwn(replacements, key)) return Reflect.get(replacements, key);
      const value: unknown = Reflect.get(object, key, object);
      return typeof value === 'function' ? value.bind(object) : value;
    },
    set: (object, key, value) => Reflect.set(object, key, value, object),
  });
}
