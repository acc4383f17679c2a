/** Uses a storage, which sandboxed frames and some settings forbid, and which may be full. */
export function withStorage<T>(
  name: "localStorage" | "sessionStorage",
  use: (storage: Storage) => T,
): T | null {
  try {
    return use(globalThis[name]);
  } catch {
    return null;
  }
}
