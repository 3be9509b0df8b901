/** What stands for an object from before the hooks create it, so that a file can name it once. */
export function standInFor<T extends object>(current: () => T): T {
  return new Proxy({} as T, { get: (_target, name) => Reflect.get(current(), name) });
}
