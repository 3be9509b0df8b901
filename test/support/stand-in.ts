/** What stands for an object from before the hooks create it, so that a file can name it once. */
export function standInFor<T extends object>(current: () => T): T {
  return new Proxy({} as T, {
    get: (_target, name) => Reflect.get(current(), name),
    // For those who spread it.
    ownKeys: () => Reflect.ownKeys(current()),
    getOwnPropertyDescriptor: (_target, name) => ({
      ...Reflect.getOwnPropertyDescriptor(current(), name),
      configurable: true,
    }),
  });
}
